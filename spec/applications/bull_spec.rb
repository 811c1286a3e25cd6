# Bull 4 (npm): its scripts, blocking moves and pub/sub; it uses no streams.

require_relative '../support/applications'

RSpec.describe 'Bull', application: 'Bull', needs: %w[EVALSHA EVAL BRPOPLPUSH PSUBSCRIBE] do
  def bull(scenario)
    run_program('node', 'bull/scenarios.js', scenario)
  end

  it 'workers at two proxies do 100 jobs' do
    expect(bull('work')).to match(done: (0...100).to_a, returned: (0...100).map { |n| n * 2 }, workers: 2,
                                  counts: a_hash_including(completed: 100, waiting: 0, active: 0, failed: 0, delayed: 0))
  end

  it 'delayed jobs' do
    expect(bull('delayed')).to eq(counted: 3, order: %w[first second far], late: true, left: 0)
  end

  it 'priorities' do
    expect(bull('priorities')).to eq %w[lifo p1 p2 p3 p5]
  end

  it 'attempts with backoff, failed jobs, retries' do
    expect(bull('failing')).to eq(attempts: { stubborn: 3, twice: 3 }, reasons: ['attempt 2'], stubborn: 3)
  end

  it 'repeating jobs' do
    expect(bull('repeating')).to eq(before: %w[nightly tick], after: %w[nightly])
  end

  it 'a rate limit' do
    expect(bull('limited')).to be >= 550 # two at once, then two each 300 ms
  end

  it 'events, and waiting for a job through another proxy' do
    expect(bull('events')).to eq(result: 'result', error: 'bad')
  end

  it 'pausing, progress, logs, removing, emptying' do
    expect(bull('managing')).to eq(paused: [true, 10], same: %w[unique unique], data: { changed: true }, progress: 42,
                                   logs: ['a line'], state: 'paused', shown: %w[j1 j2 j3], removed: 9, emptied: 0)
  end

  it 'a stalled job is taken over by another worker' do
    expect(bull('stalled')).to eq(runs: 2, returned: 'taken over')
  end
end
