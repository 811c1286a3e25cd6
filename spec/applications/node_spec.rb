# Redis clients and libraries for Node.js (npm), with two proxies wherever they share something.

require_relative '../support/applications'

RSpec.describe 'ioredis' do
  def ioredis(scenario)
    run_program('node', 'node/ioredis.js', scenario)
  end

  it 'commands of every type' do
    expect(ioredis('basics')).to eq(
      binary: true, mget: ['1', '2', nil], hash: { field: 'value', n: '1' }, list: %w[1 2 3], set: %w[x y],
      sorted: %w[one 1 two 2.5], refused: nil, replaced: ['1', 100],
      error: 'WRONGTYPE Operation against a key holding the wrong kind of value',
      unknown: "ERR unknown command 'NOSUCH', with args beginning with: 'x' ", type: ['hash', 2, 7]
    )
  end

  it 'transactions, WATCH and pipelines' do
    wrong_type = 'WRONGTYPE Operation against a key holding the wrong kind of value'
    replies = ['OK', 2, wrong_type, '2']
    expect(ioredis('transactions')).to eq(results: replies, refused: nil, pipelined: replies, kept: 'changed',
                                          aborted: 'EXECABORT Transaction discarded because of previous errors.')
  end

  it 'automatic pipelining, SCAN' do
    expect(ioredis('autoPipelining')).to eq(ok: true, values: true, found: 1000)
  end

  it 'defined commands', application: 'ioredis', needs: %w[EVALSHA EVAL] do
    expect(ioredis('scripts')).to eq [5, 11, [[nil, 12], [nil, '12']]]
  end

  it 'blocking commands', application: 'ioredis', needs: %w[BLPOP BRPOP BLMOVE BZPOPMIN] do
    expect(ioredis('blocking')).to eq(timedOut: nil, popped: %w[queue x], moved: 'y', scored: %w[scores z 3], target: ['y'])
  end

  it 'pub/sub', application: 'ioredis', needs: %w[SUBSCRIBE PSUBSCRIBE PUBLISH] do
    expect(ioredis('pubsub')).to eq(
      subscribed: [2, 3], receivers: [1, 2, 0], seen: [%w[weather rain], %w[news hello], %w[n* news hello]], left: [2, 1, 0],
      again: nil
    )
  end

  it 'connects and subscribes again', application: 'ioredis', needs: %w[SUBSCRIBE PUBLISH] do
    expect(ioredis('reconnects')).to eq(killed: [1, 1], value: '1', name: 'to-be-killed', seen: 'again')
  end
end

RSpec.describe 'node-redis' do
  [2, 3].each do |protocol|
    describe "with RESP#{protocol}", application: 'node-redis' do
      define_method(:node_redis) { |scenario| run_program('node', 'node/node_redis.js', scenario, protocol.to_s) }

      it 'commands of every type, SCAN' do
        expect(node_redis('basics')).to eq(
          mget: ['1', '2', nil], hash: { field: 'value', n: '1' },
          sorted: [{ value: 'one', score: 1 }, { value: 'two', score: 2.5 }], set: %w[x y], score: 2.5, ok: true, found: 1000,
          error: 'WRONGTYPE Operation against a key holding the wrong kind of value', ttl: true
        )
      end

      it 'transactions, WATCH, pipelines and a pool' do
        expect(node_redis('transactions')).to eq(results: ['OK', 2, '2'], refused: true, pipelined: ['OK', 2], kept: 'changed',
                                                 pooled: 20)
      end

      it 'scripts', needs: %w[EVALSHA EVAL] do
        expect(node_redis('scripts')).to eq [5, 11, %w[k v]]
      end

      it 'blocking commands', needs: %w[BLPOP BRPOP BZPOPMIN] do
        expect(node_redis('blocking')).to eq(timedOut: nil, waiting: { key: 'queue', element: 'x' },
                                             popping: { key: 'scores', value: 'z', score: 3 })
      end

      it 'pub/sub', needs: %w[SUBSCRIBE PSUBSCRIBE SSUBSCRIBE SPUBLISH PUBSUB] do
        expect(node_redis('pubsub')).to eq(
          receivers: [2, 1, 0], seen: [%w[news hello], %w[shard hi], %w[n* news hello]],
          counted: [1, { news: 1, none: 0 }, ['news']], usable: 'PONG', after: 0
        )
      end

      it 'connects and subscribes again', needs: %w[SUBSCRIBE PUBLISH] do
        expect(node_redis('reconnects')).to eq(killed: [1, 1], value: 'in database 2', name: 'named', seen: 'again')
      end
    end
  end
end

RSpec.describe 'redlock', application: 'redlock', needs: %w[EVALSHA EVAL] do
  it 'locks, extends and releases' do
    no_quorum = 'The operation was unable to achieve a quorum during its retry window.'
    expect(run_program('node', 'node/redlock.js', 'lock')).to eq(
      refused: no_quorum, ttl: true, longer: true, released: no_quorum, most: 1, sum: 5, kept: false, left: []
    )
  end
end

RSpec.describe 'rate-limiter-flexible', application: 'rate-limiter-flexible', needs: %w[EVALSHA EVAL] do
  %w[ioredis node-redis].each do |client|
    it "limits, rewards, blocks, over #{client}" do
      expect(run_program('node', 'node/rate_limiter.js', 'limit', client)).to eq(
        passed: 5, consumed: 20, wait: true, after: 2, penalized: 4, blocked: false, deleted: nil, again: true
      )
    end
  end

  it 'windows that end, bursts and a queue' do
    expect(run_program('node', 'node/rate_limiter.js', 'window', 'ioredis')).to eq(
      both: %w[fulfilled rejected], next: true, burst: [true, true, true, false, false], queued: true
    )
  end
end

RSpec.describe 'connect-redis' do
  it 'keeps the sessions of two web servers' do
    expect(run_program('node', 'node/connect_redis.js', 'visits')).to eq(visits: %w[1 2 3 4 5 6], stranger: '1')
  end

  it 'lists, touches, destroys and clears sessions' do
    expect(run_program('node', 'node/connect_redis.js', 'store')).to eq(got: 7, ttl: true, length: 150, ids: 150, all: 150,
                                                                        destroyed: true, left: 0)
  end
end

RSpec.describe "socket.io's Redis adapter", application: 'socket.io', needs: %w[SUBSCRIBE PSUBSCRIBE PUBLISH PUBSUB] do
  it 'joins two servers at two proxies' do
    expect(run_program('node', 'node/socket_io.js', 'rooms')).to eq(
      a: [['everybody', 1], %w[you a]], b: [['everybody', 1], %w[others 00ff]], answers: ['from a', 'from b'],
      rooms: %w[all club], asked: [42], left: 1
    )
  end
end

RSpec.describe 'cache-manager' do
  it 'caches, expires, wraps and clears' do
    expect(run_program('node', 'node/cache_manager.js', 'cache')).to eq(
      object: { a: [1, 2] }, many: [1, 2, nil], ttl: true, wrapped: [1, 1, 1], expired: nil, deleted: [nil, nil, 2], cleared: nil
    )
  end
end
