// Scenarios of spec/applications/node_spec.rb with ioredis: `ioredis.js NAME`.

const Redis = require('ioredis')
const { here, elsewhere, eventually, failure, run } = require('../scenario')

const redis = new Redis(here)
const other = new Redis(elsewhere)

run({
  async basics () {
    const binary = Buffer.from([0, 255, 13, 10, 0])
    await redis.set('binary', binary)
    await redis.mset({ a: 1, b: 2 })
    await redis.hset('hash', { field: 'value', n: 1 })
    await redis.rpush('list', 1, 2, 3)
    await redis.sadd('set', 'x', 'y')
    await redis.zadd('sorted', 1, 'one', 2.5, 'two')
    return {
      binary: (await other.getBuffer('binary')).equals(binary),
      mget: await other.mget('a', 'b', 'none'),
      hash: await other.hgetall('hash'),
      list: await other.lrange('list', 0, -1),
      set: (await other.smembers('set')).sort(),
      sorted: await other.zrange('sorted', 0, -1, 'WITHSCORES'),
      refused: await redis.set('a', 9, 'EX', 100, 'NX'),
      replaced: [await redis.set('a', 9, 'EX', 100, 'XX', 'GET'), await redis.ttl('a')],
      error: await failure(redis.lpush('a', 1)),
      unknown: await failure(redis.call('NOSUCH', 'x')),
      type: [await redis.type('hash'), await redis.exists('a', 'b', 'none'), await redis.dbsize()]
    }
  },

  async transactions () {
    const results = await redis.multi().set('k', 1).incr('k').lpush('k', 'x').get('k').exec()
    await redis.watch('k')
    await other.set('k', 'changed')
    const refused = await redis.multi().set('k', 'lost').exec()
    const pipelined = await redis.pipeline().set('p', 1).incr('p').hget('p', 'f').get('p').exec()
    const aborted = await failure(redis.multi().call('NOSUCH').exec())
    return {
      results: results.map(([error, value]) => error ? error.message : value),
      refused,
      pipelined: pipelined.map(([error, value]) => error ? error.message : value),
      kept: await redis.get('k'),
      aborted
    }
  },

  async autoPipelining () {
    const automatic = new Redis({ ...here, enableAutoPipelining: true })
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => automatic.set(`key:${i}`, i)))
    const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => automatic.get(`key:${i}`)))
    const found = []
    for await (const keys of other.scanStream({ match: 'key:*', count: 100 })) found.push(...keys)
    return {
      ok: replies.every(reply => reply === 'OK'),
      values: values.every((value, i) => value === String(i)),
      found: new Set(found).size
    }
  },

  async scripts () {
    const scripted = new Redis(here)
    scripted.defineCommand('addTo', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" })
    return [await scripted.addTo('n', 5), await scripted.addTo('n', 6), await scripted.pipeline().addTo('n', 1).get('n').exec()]
  },

  async blocking () {
    const waiting = redis.blpop('empty', 'queue', 0)
    const moving = new Redis(here).blmove('source', 'target', 'LEFT', 'RIGHT', 0)
    const popping = new Redis(elsewhere).bzpopmin('scores', 0)
    const timedOut = await new Redis(here).brpop('never', 0.1)
    await other.rpush('queue', 'x')
    await other.rpush('source', 'y')
    await redis.zadd('scores', 3, 'z')
    const [popped, moved, scored] = await Promise.all([waiting, moving, popping])
    return { timedOut, popped, moved, scored, target: await other.lrange('target', 0, -1) }
  },

  async pubsub () {
    const subscriber = new Redis(elsewhere)
    const seen = []
    subscriber.on('message', (channel, message) => seen.push([channel, message]))
    subscriber.on('pmessage', (pattern, channel, message) => seen.push([pattern, channel, message]))
    const subscribed = [await subscriber.subscribe('news', 'weather'), await subscriber.psubscribe('n*')]
    const receivers = [await redis.publish('weather', 'rain'), await redis.publish('news', 'hello')]
    receivers.push(await redis.publish('silence', ''))
    await eventually(() => seen.length === 3)
    const left = [await subscriber.unsubscribe('news'), await subscriber.punsubscribe('n*'), await subscriber.unsubscribe()]
    return { subscribed, receivers, seen, left, again: await subscriber.get('usable') }
  },

  async reconnects () {
    // It connects again by itself, subscribes again, and sends again what had no answer.
    const subscriber = new Redis({ ...elsewhere, retryStrategy: () => 10 })
    const named = new Redis({ ...here, connectionName: 'to-be-killed', retryStrategy: () => 10 })
    const seen = []
    subscriber.on('message', (channel, message) => seen.push(message))
    await subscriber.subscribe('news')
    await named.set('before', 1)
    const first = await named.client('ID')
    const killed = [await redis.client('KILL', 'TYPE', 'pubsub'), await redis.client('KILL', 'ID', first)]
    await eventually(async () => await named.client('ID') !== first)
    await eventually(async () => { await redis.publish('news', 'again'); return seen.length > 0 })
    return { killed, value: await named.get('before'), name: await named.client('GETNAME'), seen: seen[0] }
  }
})
