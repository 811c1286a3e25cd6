# Sidekiq 6.4 (Debian's ruby-sidekiq): processes at two proxies share the queues, and its API looks at them.

require 'sidekiq/api'
require_relative '../support/applications'

Redis.sadd_returns_boolean = false # else it warns of each SADD that Sidekiq sends

RSpec.describe 'Sidekiq' do
  before do
    Sidekiq.logger.level = Logger::WARN
    Sidekiq.redis = { url: "redis://127.0.0.1:#{ports.first}/0", size: 2 }
  end

  after { Sidekiq.redis_pool.shutdown(&:close) }

  # A process with that many threads that has registered itself.
  def start_sidekiq(*options, threads: 5, **keywords)
    start_program('sidekiq', '-r', './sidekiq/worker.rb', '-e', 'production', '-c', threads.to_s, *options, **keywords)
  end

  def wait_for_processes(count)
    eventually(timeout: 60) { expect(Sidekiq::ProcessSet.new.size).to eq(count), programs.join("\n") }
  end

  def push(ids, job: 'Note', queue: 'default', more: [], retries: false)
    Sidekiq::Client.push_bulk('class' => job, 'queue' => queue, 'retry' => retries, 'args' => ids.map { |id| [id, *more] })
  end

  def close_gate
    FileUtils.touch(File.join(scratch, 'gate'))
  end

  def open_gate
    FileUtils.rm(File.join(scratch, 'gate'))
  end

  # The jobs of that state: process ids and job ids.
  def jobs(state)
    journal_entries.filter_map { |word, pid, id| [Integer(pid), Integer(id)] if word == state }
  end

  def wait_for_jobs(state, count)
    eventually(timeout: 60) { expect(jobs(state).size).to be >= count, programs.join("\n") }
  end

  # Pushes jobs that keep every thread of the processes busy, until the gate is opened.
  def occupy(processes, threads, first_id)
    close_gate
    before = jobs('begun').size
    push((first_id...(first_id + (processes * threads))).to_a)
    wait_for_jobs('begun', before + (processes * threads))
  end

  it 'runs 500 jobs each exactly once, in two processes at two proxies', application: 'Sidekiq', needs: ['BRPOP'] do
    processes = [start_sidekiq, start_sidekiq(port: ports.last)]
    wait_for_processes(2)
    occupy(2, 5, 0)
    expect(jobs('begun').map(&:first).tally).to eq(processes.to_h { |process| [process.pid, 5] })
    open_gate
    (10...500).each_slice(70) { |ids| push(ids) }
    wait_for_jobs('done', 500)
    eventually { expect(Sidekiq::Stats.new.processed).to eq 500 }
    expect(jobs('done').map(&:last).sort).to eq (0...500).to_a
    expect(jobs('done').map(&:first).uniq).to match_array processes.map(&:pid)
    expect(Sidekiq::Queue.new.size).to eq 0
  end

  it 'goes on when a proxy is killed and replaced: no job is lost, none runs twice', application: 'Sidekiq', needs: ['BRPOP'],
     pgredis_only: 'Redis itself cannot be replaced while the other process goes on' do
    url = ENV.fetch('SPEC_DATABASE_URL')
    proxy = PrivateProxy.new(url)
    processes = [start_sidekiq, start_sidekiq(port: proxy.port)]
    wait_for_processes(2)
    # While every thread is at a job none is on its way: one handed out that did not arrive would be lost, with Redis as well.
    occupy(2, 5, 0)
    proxy.kill
    push((10...250).to_a)
    open_gate
    wait_for_jobs('done', 250)
    replaced = PrivateProxy.new(url, port: proxy.port)
    occupy(2, 5, 250)
    expect(jobs('begun').last(10).map(&:first).tally).to eq(processes.to_h { |process| [process.pid, 5] })
    open_gate
    push((260...500).to_a)
    wait_for_jobs('done', 500)
    expect(jobs('done').map(&:last).sort).to eq (0...500).to_a
    expect(Sidekiq::Queue.new.size).to eq 0
  ensure
    close_programs
    replaced&.stop
  end

  it 'takes jobs from queues in order of priority', application: 'Sidekiq', needs: ['BRPOP'] do
    push(1..3, queue: 'low')
    push(4..6, queue: 'critical')
    push(7..9, queue: 'default')
    expect(Sidekiq::Stats.new.queues).to eq('low' => 3, 'critical' => 3, 'default' => 3)
    start_sidekiq('-q', 'critical', '-q', 'default', '-q', 'low', threads: 1)
    wait_for_jobs('done', 9)
    expect(jobs('done').map(&:last)).to eq [4, 5, 6, 7, 8, 9, 1, 2, 3]
  end

  it 'a process that must end before its job does gives the job back', application: 'Sidekiq', needs: ['BRPOP'] do
    first = start_sidekiq('-t', '1', threads: 1)
    close_gate
    push([1])
    wait_for_jobs('begun', 1)
    first.signal(:TERM)
    expect(first.wait.success?).to be true
    expect(Sidekiq::Queue.new.map(&:args)).to eq [[1]]
    open_gate
    second = start_sidekiq(threads: 1, port: ports.last)
    wait_for_jobs('done', 1)
    expect(jobs('done')).to eq [[second.pid, 1]]
  end

  describe 'the API' do
    it 'Queue: lists, finds, deletes and clears jobs' do
      ids = push(0...120)
      queue = Sidekiq::Queue.new
      expect(queue.size).to eq 120
      expect(queue.latency).to be_between(0, 60)
      expect(queue.map { |job| job.args.first }).to eq (0...120).to_a.reverse
      expect(queue.map(&:jid).sort).to eq ids.sort
      expect(queue.find_job(ids[17]).args).to eq [17]
      expect(queue.find_job(ids[17]).delete).to be true
      expect(queue.find_job(ids[17])).to be_nil
      expect(queue.size).to eq 119
      expect(Sidekiq::Stats.new.enqueued).to eq 119
      expect(Sidekiq::Queue.all.map(&:name)).to eq ['default']
      queue.clear
      expect(queue.size).to eq 0
      expect(Sidekiq::Queue.all).to eq []
    end

    it 'ProcessSet and WorkSet: what runs, and signals to it', application: 'Sidekiq', needs: ['BRPOP'] do
      close_gate
      process = start_sidekiq('-g', 'somewhere', threads: 2)
      push([1, 2, 3])
      wait_for_jobs('begun', 2)
      eventually(timeout: 60) { expect(Sidekiq::WorkSet.new.size).to eq 2 }
      expect(Sidekiq::WorkSet.new.map { |_process, _thread, work| work['payload']['args'] }).to match_array [[1], [2]]
      shown = Sidekiq::ProcessSet.new.first
      expect(shown.to_s).not_to be_empty
      expect([shown['pid'], shown['concurrency'], shown['tag'], shown['busy']]).to eq [process.pid, 2, 'somewhere', 2]
      shown.quiet!
      eventually(timeout: 60) { expect(Sidekiq::ProcessSet.new.first.stopping?).to be true }
      open_gate
      wait_for_jobs('done', 2)
      shown.stop!
      expect(process.wait.success?).to be true
      expect(Sidekiq::ProcessSet.new.size).to eq 0
      expect(Sidekiq::Queue.new.map(&:args)).to eq [[3]]
      stats = Sidekiq::Stats.new
      expect([stats.processed, stats.failed, stats.enqueued]).to eq [2, 0, 1]
      expect(Sidekiq::Stats::History.new(1).processed.values).to eq [2]
      stats.reset
      expect(Sidekiq::Stats.new.processed).to eq 0
    end

    it 'ScheduledSet, RetrySet and DeadSet: finds, deletes, kills and revives jobs' do
      id = Sidekiq::Client.push('class' => 'Note', 'args' => [1], 'at' => Time.now.to_f + 3600)
      other = Sidekiq::Client.push('class' => 'Note', 'args' => [2], 'at' => Time.now.to_f + 7200)
      scheduled = Sidekiq::ScheduledSet.new
      expect(scheduled.map(&:jid)).to eq [other, id]
      expect(scheduled.scan('Note').map(&:jid)).to match_array [id, other]
      expect(scheduled.find_job(id).at).to be_within(60).of(Time.now + 3600)
      expect(scheduled.find_job(id).reschedule(Time.now + 10_000)).to be_truthy
      expect(scheduled.map(&:jid)).to eq [id, other]
      scheduled.find_job(id).add_to_queue
      expect(Sidekiq::Queue.new.map(&:jid)).to eq [id]
      dead = Sidekiq::DeadSet.new
      scheduled.find_job(other).kill
      expect([scheduled.size, dead.map(&:jid)]).to eq [0, [other]]
      dead.first.retry
      expect([dead.size, Sidekiq::Queue.new.map(&:jid)]).to eq [0, [other, id]]
    end
  end

  describe 'the scheduler', application: "Sidekiq's scheduler", needs: %w[BRPOP EVALSHA SCRIPT] do
    it 'runs a job when its time has come, once, though two processes look' do
      2.times { |i| start_sidekiq(threads: 2, port: ports[-i]) }
      40.times { |id| Sidekiq::Client.push('class' => 'Note', 'args' => [id], 'at' => Time.now.to_f + (id.odd? ? 1 : 3600)) }
      expect(Sidekiq::Stats.new.scheduled_size).to eq 40
      wait_for_jobs('done', 20)
      expect(jobs('done').map(&:last).sort).to eq((0...40).select(&:odd?))
      expect(Sidekiq::ScheduledSet.new.size).to eq 20
    end

    it 'retries what failed' do
      push([1], job: 'Flaky', more: [2], retries: 5)
      start_sidekiq(threads: 2)
      retries = Sidekiq::RetrySet.new
      2.times do |count|
        eventually(timeout: 60) { expect(retries.map { |job| job['retry_count'] }).to eq([count]), programs.join("\n") }
        expect(retries.first['error_message']).to eq 'no luck with 1'
        retries.first.reschedule(Time.now)
      end
      wait_for_jobs('done', 1)
      expect([retries.size, jobs('failed').size]).to eq [0, 2]
      eventually { expect([Sidekiq::Stats.new.processed, Sidekiq::Stats.new.failed]).to eq [3, 2] }
    end

    it 'lays to rest what failed for good' do
      push([1, 2], job: 'Hopeless', retries: 0)
      start_sidekiq(threads: 2, port: ports.last)
      dead = Sidekiq::DeadSet.new
      eventually(timeout: 60) { expect(dead.map { |job| job['error_message'] }).to match_array(['hopeless: 1', 'hopeless: 2']) }
      expect(Sidekiq::Stats.new.dead_size).to eq 2
      died = dead.map(&:jid)
      dead.to_a.each(&:retry)
      eventually(timeout: 60) { expect(Sidekiq::Stats.new.failed).to eq 4 }
      eventually { expect(dead.map(&:jid)).to match_array died }
      dead.clear
      expect(dead.size).to eq 0
    end
  end
end
