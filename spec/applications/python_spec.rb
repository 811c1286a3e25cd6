# redis-py, django-redis and Flask-Session, as Debian has them.

require_relative '../support/applications'

RSpec.describe 'redis-py' do
  def redis_py(scenario)
    run_python('python/redis_py.py', scenario)
  end

  let(:wrong_type) { 'WRONGTYPE Operation against a key holding the wrong kind of value' }

  it 'commands of every type' do
    expect(redis_py('basics')).to eq(
      binary: true, mget: ['1', '2', nil], hash: 1000, list: %w[0 1 2], set: 1000,
      sorted: [['two', 2.5], ['one', 5.0]], keys: 100,
      getex: ['1', -1, '1', nil], error: ['ResponseError', wrong_type], version: true, ping: true, 'other database': 0
    )
  end

  it 'pipelines, transactions and WATCH' do
    message = "Command # 2 (LPUSH e 1) of pipeline caused error: #{wrong_type}"
    expect(redis_py('pipelines')).to eq(results: [true, 2, '2'], pipelined: [true, wrong_type, 2],
                                        error: [['ResponseError', message], '2'], attempts: [2, 10], doubled: '20')
  end

  it 'Lock', application: "redis-py's Lock", needs: %w[EVALSHA SCRIPT] do
    expect(redis_py('locks')).to eq(
      taken: [true, false], waited: false, extended: true, reacquired: true, owned: true,
      lost: %w[LockNotOwnedError LockError LockError], counter: { inside: 0, most: 1, sum: 15 }
    )
  end

  it 'scripts, in pipelines too', application: 'redis-py', needs: %w[EVALSHA SCRIPT] do
    expect(redis_py('scripts')).to eq [5, 11, 12, '12']
  end

  it 'pub/sub', application: 'redis-py', needs: %w[SUBSCRIBE PSUBSCRIBE PUBLISH PUBSUB] do
    expect(redis_py('pubsub')).to eq(
      seen: %w[subscribe subscribe psubscribe], receivers: [2, 1, 0], messages: [%w[message news 00ff], %w[pmessage news 00ff]],
      handled: ['h'], counted: [%w[handled news], [['news', 1], ['none', 0]], 1]
    )
  end

  it 'a subscriber whose connection is killed subscribes again', application: 'redis-py',
                                                                 needs: %w[SUBSCRIBE PSUBSCRIBE PUBLISH PUBSUB] do
    expect(redis_py('reconnects')).to eq(killed: 1, again: true, received: %w[one two])
  end

  it 'a subscriber goes on when its proxy is replaced', application: 'redis-py', needs: %w[SUBSCRIBE PUBLISH],
                                                        pgredis_only: 'Redis itself cannot be replaced while others go on' do
    proxy = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'))
    listener = start_program('/usr/bin/python3', 'python/redis_py.py', 'listen', other_port: proxy.port)
    eventually(timeout: 30) { expect(call('PUBLISH', 'news', 'before')).to eq 1 }
    eventually(timeout: 30) { expect(listener.log).to include 'before' }
    proxy.kill
    replaced = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'), port: proxy.port)
    eventually(timeout: 30) do
      call('PUBLISH', 'news', 'after')
      expect(listener.log).to include('after'), listener.to_s
    end
  ensure
    close_programs
    replaced&.stop
  end

  it 'blocking commands, a hundred at once, with asyncio', application: 'redis-py',
                                                           needs: %w[BLPOP BRPOP BLMOVE BZPOPMIN SUBSCRIBE] do
    expect(redis_py('blocking')).to eq(timed_out: nil, popped: true, moved: 'y', scored: ['scores', 'z', 3.0], left: 0,
                                       message: 'hello')
  end
end

RSpec.describe 'django-redis' do
  def django(scenario)
    run_python('python/django_redis_cache.py', scenario)
  end

  it 'caches' do
    expect(django('caching')).to eq(
      object: { a: [1, 2] }, many: { x: 1, y: 2 }, added: [false, true], ttl: [true, 0], keys: %w[object short x y z],
      iterated: %w[object short x y z], touched: [true, true, true, nil], or_set: %w[made made], deleted: [true, false, 2, 1],
      left: ['y'], cleared: []
    )
  end

  it 'increments and locks', application: 'django-redis', needs: %w[EVAL EVALSHA SCRIPT] do
    expect(django('incrementing')).to eq(n: [6, 4, 4], held: false, freed: true)
  end

  it 'sessions' do
    expect(django('sessions')).to eq(user: 42, gone: false, keys: [])
  end
end

RSpec.describe 'Flask-Session' do
  it 'keeps the sessions of two web applications' do
    expect(run_python('python/flask_sessions.py', 'visits')).to eq(visits: %w[1 2 3 4], stranger: '1', keys: 2, ttl: true,
                                                                   left: 1)
  end
end
