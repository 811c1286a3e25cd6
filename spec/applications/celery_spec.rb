# Celery 5.2 (Debian's python3-celery) with the server as its broker and as its store of results: two workers at two proxies.

require_relative '../support/applications'

# Its workers take a lock with redis-py's Lock to look for what others left unacknowledged, which releases it by a script
# (kombu/transport/redis.py, Mutex): they do not start without.
RSpec.describe 'Celery', application: 'Celery', needs: %w[BRPOP SUBSCRIBE PUBLISH EVALSHA SCRIPT] do
  def celery(scenario)
    run_python('celery/scenarios.py', scenario, timeout: 120)
  end

  it 'runs tasks, groups, chains and chords, and keeps their results' do
    expect(celery('tasks')).to eq(
      values: (0...100).map { |i| i * 2 }, kept: 14, forgotten: 'PENDING',
      group: [(1..10).to_a, ['SUCCESS'] * 10], chain: 10, chord: 90, nested: 106,
      ignored: [0, 'PENDING'], delayed: [11, true]
    )
    expect(journal_entries.first(100).map { |_, i| Integer(i) }.sort).to eq (0...100).to_a
  end

  it 'failures, retries, and tasks revoked before and while they run' do
    expect(celery('failures')).to eq(
      error: ["ValueError('on purpose')", 'FAILURE', 'ValueError: on purpose'], retried: 2,
      exhausted: "RuntimeError('attempt 3')", chord: true, meta: { for: 'never' }, revoked: %w[REVOKED REVOKED]
    )
    expect(journal_entries.count { |words| words == %w[add 1 1] }).to eq 1
  end

  it 'remote control of the workers' do
    expect(celery('control')).to eq(
      names: %w[one@here two@here],
      registered: %w[add fail fail_at_first forgettable total wait_for].map { |name| "tasks.#{name}" },
      active: { 'one@here': 2, 'two@here': 2 }, grown: [{ 'one@here': { ok: 'pool will grow' } }], cancelled: 2, purged: [5, 5],
      ended: [0, 0]
    )
  end

  it 'a worker that ends gives back what it has not begun' do
    expect(celery('shutdown')).to eq(ended: 0, left: 5, values: [0, 2, 4, 6, 8])
  end
end
