# RQ 1.13 (Debian's python3-rq): workers at two proxies, its registries, its commands by pub/sub and its scheduler.

require_relative '../support/applications'

RSpec.describe 'RQ' do
  def rq(scenario, job_class = nil)
    run_python('rq/scenarios.py', scenario, *job_class)
  end

  # RQ keeps results in streams when the server's version has them (rq/job.py, supports_redis_streams); without them, in hashes.
  {
    'in streams' => [nil, %w[XADD XREVRANGE]],
    'in hashes' => ['jobs.StreamlessJob', []]
  }.each do |place, (job_class, needed)|
    describe "with results #{place}", application: 'RQ', needs: %w[BLPOP SUBSCRIBE PUBLISH] + needed do
      it 'two burst workers at two proxies do all the jobs' do
        expect(rq('burst', job_class)).to eq(sizes: [10, 10], workers: [0, 0], results: (1..20).to_a, finished: 20,
                                             left: [0, 0, 0], living: 0, ttl: true)
        expect(journal_entries.map { |_, a| Integer(a) }.sort).to eq (0...20).to_a
      end

      it 'failures: the registry, retries, requeueing' do
        expect(rq('failing', job_class)).to eq(registry: %w[failed requeued], error: 'ValueError: on purpose', status: 'failed',
                                               retried: ['finished', 3], requeued: ['finished', 2], left: 1)
      end

      it 'jobs that depend on others' do
        expect(rq('dependencies', job_class)).to eq(deferred: true, sum: 10, left: 0)
      end

      it 'the scheduler enqueues a job when its time has come' do
        expect(rq('scheduler', job_class)).to eq(scheduled: 2, result: 42, left: true, locked: 1, workers: [0, 0])
        expect(journal_entries).to eq [%w[add 20 22]]
      end

      it 'a job is stopped, workers suspended and shut down, by commands from elsewhere' do
        expect(rq('commands', job_class)).to eq(state: ['someone', 'busy', true, '127.0.0.1'], status: 0, before: 1, after: 2)
      end
    end
  end

  it 'jobs are put in front, cancelled, deleted, a queue is emptied', application: 'RQ', needs: %w[EVALSHA SCRIPT] do
    expect(rq('cancelling')).to eq(ids: true, canceled: true, gone: true, emptied: 2, left: 0)
  end
end
