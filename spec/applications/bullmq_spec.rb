# BullMQ 5 (npm). Nearly all it does is done by scripts, and those that add, move or finish jobs put an event in a stream
# (XADD): so it needs scripts, and streams for every job.

require_relative '../support/applications'

RSpec.describe 'BullMQ', application: 'BullMQ', needs: %w[EVALSHA EVAL BZPOPMIN XADD XTRIM] do
  def bullmq(scenario)
    run_program('node', 'bullmq/scenarios.js', scenario)
  end

  it 'workers at two proxies do 100 jobs' do
    expect(bullmq('work')).to match(done: (0...100).to_a, returned: (0...100).map { |n| n * 2 }, workers: 2,
                                    counts: a_hash_including(completed: 100, waiting: 0, active: 0, failed: 0, delayed: 0))
  end

  it 'delayed jobs' do
    expect(bullmq('delayed')).to eq(counted: 3, order: %w[first second far], late: true, left: 0)
  end

  it 'priorities' do
    expect(bullmq('priorities')).to eq(counts: { prioritized: 4, waiting: 2, paused: 0 }, order: %w[lifo p0 p1 p2 p3 p5])
  end

  it 'attempts with backoff, failed jobs, retries' do
    expect(bullmq('failing')).to eq(attempts: { stubborn: 3, hopeless: 1, twice: 3 }, reasons: ['attempt 2', 'hopeless'],
                                    stubborn: [3, 2], states: %w[completed failed completed])
  end

  it 'repeating jobs: job schedulers' do
    expect(bullmq('repeating')).to eq(schedulers: %w[daily often], removed: [true, false], left: 1)
  end

  it 'flows: a job waits for its children' do
    expect(bullmq('flows')).to eq(sum: 73, children: [1, 2, 70],
                                  dependencies: { processed: 3, unprocessed: 0, ignored: 0, failed: 0 })
  end

  it 'a rate limit' do
    expect(bullmq('limited')).to be >= 550 # two at once, then two each 300 ms
  end

  it 'pausing, deduplication, progress, logs, removing, draining' do
    expect(bullmq('managing')).to eq(
      paused: true, same: %w[unique unique], deduplicated: true, counts: { paused: 11, waiting: 0 }, shown: %w[j1 j2 j3],
      data: { changed: true }, progress: 42, logs: ['a line'], drained: 0
    )
  end

  it 'events, and waiting for a job through another proxy', needs: %w[EVALSHA EVAL BZPOPMIN XADD XTRIM XREAD] do
    expect(bullmq('events')).to eq(result: 'result', error: 'bad')
  end

  it 'a stalled job is taken over by another worker' do
    expect(bullmq('stalled')).to eq(runs: 2, returned: 'taken over')
  end
end
