// Scenarios of spec/applications/node_spec.rb with node-redis: `node_redis.js NAME PROTOCOL`.

const { createClient, createClientPool, defineScript, WatchError } = require('redis')
const { here, elsewhere, eventually, failure, run } = require('../scenario')

const RESP = Number(process.argv[3])
const connected = []

async function connect (socket, options = {}) {
  const client = createClient({ socket, RESP, ...options })
  client.on('error', () => {})
  connected.push(client)
  return client.connect()
}

run({
  async basics () {
    const [redis, other] = [await connect(here), await connect(elsewhere)]
    await redis.mSet({ a: '1', b: '2' })
    await redis.hSet('hash', { field: 'value', n: 1 })
    await redis.zAdd('sorted', [{ value: 'one', score: 1 }, { value: 'two', score: 2.5 }])
    await redis.sAdd('set', ['x', 'y'])
    const expiration = { type: 'EX', value: 100 }
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => redis.set(`key:${i}`, String(i), { expiration })))
    const found = []
    for await (const keys of other.scanIterator({ MATCH: 'key:*', COUNT: 100 })) found.push(...keys)
    return {
      mget: await other.mGet(['a', 'b', 'none']),
      hash: { ...await other.hGetAll('hash') },
      sorted: await other.zRangeWithScores('sorted', 0, -1),
      set: [...await other.sMembers('set')].sort(),
      score: await other.zScore('sorted', 'two'),
      ok: replies.every(reply => reply === 'OK'),
      found: new Set(found).size,
      error: await failure(redis.lPush('a', 'x')),
      ttl: await redis.ttl('key:1') > 0
    }
  },

  async transactions () {
    const [redis, other] = [await connect(here), await connect(elsewhere)]
    const results = await redis.multi().set('k', '1').incr('k').get('k').exec()
    await redis.watch('k')
    await other.set('k', 'changed')
    let refused
    try { await redis.multi().set('k', 'lost').exec() } catch (error) { refused = error instanceof WatchError }
    const pipelined = await redis.multi().set('p', '1').incr('p').execAsPipeline()
    const pool = await createClientPool({ socket: here, RESP }, { minimum: 2 }).connect()
    const pooled = await Promise.all(Array.from({ length: 20 }, () => pool.incr('counted')))
    return { results, refused, pipelined, kept: await redis.get('k'), pooled: Math.max(...pooled) }
  },

  async scripts () {
    const addTo = defineScript({
      NUMBER_OF_KEYS: 1,
      SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
      parseCommand (parser, key, n) { parser.pushKey(key); parser.push(String(n)) },
      transformReply: reply => reply
    })
    const redis = await connect(here, { scripts: { addTo } })
    const named = await redis.eval('return {KEYS[1], ARGV[1]}', { keys: ['k'], arguments: ['v'] })
    return [await redis.addTo('n', 5), await redis.addTo('n', 6), named]
  },

  async blocking () {
    const [redis, other] = [await connect(here), await connect(elsewhere)]
    const waiting = redis.blPop(['empty', 'queue'], 0)
    const timedOut = await other.brPop('never', 0.1)
    await other.rPush('queue', 'x')
    const popping = other.bzPopMin('scores', 0)
    await (await connect(here)).zAdd('scores', { score: 3, value: 'z' })
    return { timedOut, waiting: await waiting, popping: await popping }
  },

  async pubsub () {
    const [redis, subscriber] = [await connect(here), await connect(elsewhere)]
    const seen = []
    await subscriber.subscribe('news', (message, channel) => seen.push([channel, message]))
    await subscriber.pSubscribe('n*', (message, channel) => seen.push(['n*', channel, message]))
    await subscriber.sSubscribe('shard', (message, channel) => seen.push([channel, message]))
    const receivers = [await redis.publish('news', 'hello'), await redis.sPublish('shard', 'hi')]
    receivers.push(await redis.publish('silence', ''))
    await eventually(() => seen.length === 3)
    const counted = [await redis.pubSubNumPat(), { ...await redis.pubSubNumSub(['news', 'none']) }, await redis.pubSubChannels()]
    // In RESP3 a subscriber goes on as usual.
    const usable = RESP === 3 ? await subscriber.ping() : 'PONG'
    await Promise.all([subscriber.unsubscribe('news'), subscriber.pUnsubscribe('n*'), subscriber.sUnsubscribe('shard')])
    seen.sort((a, b) => a.length - b.length)
    return { receivers, seen, counted, usable, after: await redis.publish('news', 'gone') }
  },

  async reconnects () {
    const socket = { ...elsewhere, reconnectStrategy: () => 10 }
    const [redis, subscriber] = [await connect(here), await connect(socket, { name: 'subscriber' })]
    const named = await connect({ ...socket, port: here.port }, { name: 'named', database: 2 })
    const seen = []
    await subscriber.subscribe('news', message => seen.push(message))
    await named.set('two', 'in database 2')
    const first = await named.clientId()
    const killed = [await redis.clientKill({ filter: 'TYPE', type: 'pubsub' })]
    killed.push(await redis.clientKill({ filter: 'ID', id: first }))
    await eventually(async () => await named.clientId().catch(() => first) !== first)
    await eventually(async () => { await redis.publish('news', 'again'); return seen.length > 0 })
    return { killed, value: await named.get('two'), name: await named.clientGetName(), seen: seen[0] }
  }
})
