# ruby-redis and Rails.cache, as Debian has them.

require 'redis'
require_relative '../support/applications'

RSpec.describe 'ruby-redis' do
  def open_redis(port = ports.first, **options)
    Redis.new(host: '127.0.0.1', port: port, **options).tap { |redis| clients << redis }
  end

  let(:redis) { open_redis }
  let(:other) { open_redis(ports.last) }

  it 'commands of every type, SCAN' do
    redis.mset('a', 1, 'b', 2)
    redis.mapped_hmset('hash', 'field' => 'value', 'n' => 1)
    redis.zadd('sorted', [[1, 'one'], [2.5, 'two']])
    redis.pipelined { |pipeline| 300.times { |i| pipeline.set("key:#{i}", i, ex: 100) } }
    expect(other.mapped_mget('a', 'b', 'none')).to eq('a' => '1', 'b' => '2', 'none' => nil)
    expect(other.hgetall('hash')).to eq('field' => 'value', 'n' => '1')
    expect(other.zrange('sorted', 0, -1, with_scores: true)).to eq [['one', 1.0], ['two', 2.5]]
    expect(other.scan_each(match: 'key:*').to_a.uniq.size).to eq 300
    expect(other.hscan_each('hash').to_a).to match_array [%w[field value], %w[n 1]]
    expect([redis.set('a', 3, nx: true), redis.set('a', 3, xx: true, get: true)]).to eq [false, '1']
    expect(redis.getex('a', persist: true)).to eq '3'
    expect { redis.lpush('a', 1) }.to raise_error(Redis::CommandError, /\AWRONGTYPE/)
    binary = (0..255).to_a.pack('C*')
    redis.set(binary, binary)
    expect(other.get(binary).b).to eq binary
  end

  it 'transactions, WATCH and pipelines' do
    expect(redis.multi { |transaction| transaction.set('k', 1); transaction.incr('k') }).to eq ['OK', 2]
    refused = redis.watch('k') do
      other.set('k', 'changed')
      redis.multi { |transaction| transaction.set('k', 'lost') }
    end
    expect([refused, redis.get('k')]).to eq [nil, 'changed']
    future = nil
    expect(redis.pipelined { |pipeline| future = pipeline.incr('n'); pipeline.get('n') }).to eq [1, '1']
    expect(future.value).to eq 1
  end

  it 'scripts', application: 'ruby-redis', needs: %w[EVAL EVALSHA SCRIPT] do
    script = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
    expect(redis.eval(script, ['n'], [5])).to eq 5
    expect(other.evalsha(redis.script(:load, script), ['n'], [6])).to eq 11
  end

  it 'blocking commands', application: 'ruby-redis', needs: %w[BLPOP BRPOP BLMOVE BZPOPMIN] do
    # Longer than the client's own timeout, too.
    patient = open_redis(ports.last, timeout: 1)
    expect(patient.blpop('never', timeout: 1.2)).to be_nil
    waiters = [-> { open_redis.blpop('empty', 'queue', timeout: 20) },
               -> { open_redis(ports.last).blmove('source', 'target', 'LEFT', 'RIGHT', timeout: 20) },
               -> { open_redis.bzpopmin('scores', timeout: 20) }].map { |waiter| Thread.new(&waiter) }
    redis.rpush('queue', 'x')
    other.rpush('source', 'y')
    other.zadd('scores', 3, 'z')
    expect(waiters.map(&:value)).to eq [%w[queue x], 'y', ['scores', 'z', 3.0]]
  end

  describe 'a subscriber', application: 'ruby-redis', needs: %w[SUBSCRIBE PSUBSCRIBE PUBLISH PUBSUB] do
    # Subscribes again whenever the connection breaks, as applications do; `seen` is what it has heard.
    def listen(port)
      seen = Queue.new
      thread = Thread.new do
        redis = open_redis(port, reconnect_attempts: 0)
        begin
          redis.psubscribe('news*') do |on|
            on.pmessage { |_pattern, channel, message| seen << [channel, message] }
          end
        rescue Redis::BaseConnectionError
          sleep 0.01
          retry
        end
      end
      listeners << thread
      seen
    end

    def listeners
      @listeners ||= []
    end

    after { listeners.each(&:kill).each(&:join) }

    it 'hears what is published at another proxy, and unsubscribes' do
      heard = []
      thread = Thread.new do
        other.subscribe('one', 'two') do |on|
          on.subscribe { |channel, count| heard << [:subscribe, channel, count] }
          on.message do |channel, message|
            heard << [:message, channel, message]
            other.unsubscribe if message == 'stop'
          end
          on.unsubscribe { |channel, count| heard << [:unsubscribe, channel, count] }
        end
        other.get('usable')
      end
      eventually { expect(redis.pubsub(:numsub, 'one', 'two')).to eq ['one', 1, 'two', 1] }
      expect([redis.publish('one', 'hello'), redis.publish('two', 'stop'), redis.publish('none', '')]).to eq [1, 1, 0]
      expect(thread.value).to be_nil
      expect(heard.first(4)).to eq [[:subscribe, 'one', 1], [:subscribe, 'two', 2],
                                    [:message, 'one', 'hello'], [:message, 'two', 'stop']]
      expect(heard.drop(4).map(&:first)).to eq %i[unsubscribe unsubscribe]
      expect(redis.pubsub(:channels)).to eq []
    end

    it 'whose connection is killed subscribes again' do
      seen = listen(ports.last)
      eventually { expect(redis.publish('news:1', 'one')).to eq 1 }
      expect(seen.pop).to eq ['news:1', 'one']
      expect(redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).to eq 1
      eventually { expect(redis.publish('news:2', 'two')).to eq 1 }
      expect(seen.pop).to eq ['news:2', 'two']
    end

    it 'goes on when its proxy is replaced', pgredis_only: 'Redis itself cannot be replaced while others go on' do
      proxy = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'))
      seen = listen(proxy.port)
      eventually { expect(redis.publish('news:1', 'one')).to eq 1 }
      expect(seen.pop).to eq ['news:1', 'one']
      proxy.kill
      replaced = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'), port: proxy.port)
      # What the killed one left in the lists is gone within seconds.
      eventually(timeout: 30) do
        redis.publish('news:2', 'two')
        expect(seen.empty?).to be false
      end
      expect(seen.pop).to eq ['news:2', 'two']
      eventually(timeout: 30) { expect(redis.publish('news:3', 'three')).to eq 1 }
    ensure
      listeners.each(&:kill).each(&:join)
      close_clients
      replaced&.stop
    end
  end
end

RSpec.describe 'Rails.cache' do
  it 'caches, counts, expires, deletes and clears' do
    expect(run_program('ruby', 'rails/cache.rb')).to eq(
      written: 'OK', read: '{"deep"=>[1, :two, nil]}', large: true, fetched: [1, 1, 1], multi: { x: 1, y: 2 },
      fetch_multi: { y: 2, z: 'made z' }, counted: [1, 6, 4, '4'], counter_expires: [1, true], unless_exist: [true, false],
      exist: [true, false], expires: true, gone: nil, deleted: [1, 0, 2], matched: nil, cleared: []
    )
  end
end
