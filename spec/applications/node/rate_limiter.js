// Scenarios of spec/applications/node_spec.rb with rate-limiter-flexible: `rate_limiter.js NAME ioredis|node-redis`.

const Redis = require('ioredis')
const { createClient } = require('redis')
const { BurstyRateLimiter, RateLimiterQueue, RateLimiterRedis, RateLimiterRes } = require('rate-limiter-flexible')
const { here, elsewhere, run } = require('../scenario')

async function connect (address) {
  if (process.argv[3] === 'ioredis') return { storeClient: new Redis(address) }
  return { storeClient: await createClient({ socket: address }).connect(), useRedisPackage: true }
}

// Does it let the key through?
const passes = promise => promise.then(() => true, refused => {
  if (refused instanceof RateLimiterRes) return false
  throw refused
})

run({
  async limit () {
    const options = { points: 5, duration: 60, keyPrefix: 'limit' }
    const stores = [await connect(here), await connect(elsewhere)]
    const limiters = stores.map(store => new RateLimiterRedis({ ...store, ...options }))
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => passes(limiters[i % 2].consume('someone'))))
    const shown = await limiters[0].get('someone')
    await limiters[1].reward('someone', 18)
    const after = await limiters[0].get('someone')
    await limiters[0].penalty('someone', 2)
    const penalized = (await limiters[1].get('someone')).consumedPoints
    await limiters[0].block('blocked', 30)
    const blocked = await passes(limiters[1].consume('blocked'))
    await limiters[0].delete('someone')
    return {
      passed: results.filter(Boolean).length,
      consumed: shown.consumedPoints,
      wait: shown.msBeforeNext > 0 && shown.msBeforeNext <= 60000,
      after: after.consumedPoints,
      penalized,
      blocked,
      deleted: await limiters[1].get('someone'),
      again: await passes(limiters[1].consume('someone', 5))
    }
  },

  async window () {
    const client = await connect(here)
    const limiter = new RateLimiterRedis({ ...client, points: 1, duration: 1, keyPrefix: 'window' })
    const both = await Promise.allSettled([limiter.consume('x'), limiter.consume('x')])
    await new Promise(resolve => setTimeout(resolve, both[1].reason.msBeforeNext + 20))
    const next = await passes(limiter.consume('x'))
    const bursty = new BurstyRateLimiter(
      new RateLimiterRedis({ ...client, points: 1, duration: 60, keyPrefix: 'steady' }),
      new RateLimiterRedis({ ...client, points: 2, duration: 60, keyPrefix: 'burst' }))
    const burst = []
    for (let i = 0; i < 5; i++) burst.push(await passes(bursty.consume('x')))
    const queue = new RateLimiterQueue(new RateLimiterRedis({ ...client, points: 2, duration: 1, keyPrefix: 'queue' }))
    const begun = Date.now()
    for (let i = 0; i < 3; i++) await queue.removeTokens(1, 'x')
    return { both: both.map(({ status }) => status), next, burst, queued: Date.now() - begun > 100 }
  }
})
