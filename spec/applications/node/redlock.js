// Scenario of spec/applications/node_spec.rb with redlock.

const Redis = require('ioredis')
const Redlock = require('redlock').default
const { here, elsewhere, eventually, failure, run } = require('../scenario')

const [redis, other] = [new Redis(here), new Redis(elsewhere)]
const locks = new Redlock([redis], { retryCount: 0 })
const patient = new Redlock([other], { retryCount: 200, retryDelay: 20, retryJitter: 5 })

run({
  async lock () {
    const lock = await locks.acquire(['a', 'b'], 10000)
    const refused = await failure(new Redlock([other], { retryCount: 1, retryDelay: 5 }).acquire(['b'], 1000))
    const ttl = await other.pttl('a')
    const extended = await lock.extend(30000)
    const longer = await other.pttl('a')
    const waiting = patient.acquire(['b'], 1000)
    await extended.release()
    const second = await waiting
    const released = await failure(extended.release())
    await second.release()
    // Many at once: never two inside.
    let inside = 0
    let most = 0
    let sum = 0
    await Promise.all(Array.from({ length: 5 }, () => patient.using(['c'], 5000, async () => {
      most = Math.max(most, ++inside)
      sum += 1
      await new Promise(resolve => setTimeout(resolve, 5))
      inside--
    })))
    // Kept alive: its time grows again.
    const kept = await patient.using(['d'], 10000, { automaticExtensionThreshold: 9800 }, async signal => {
      let last = await redis.pttl('d')
      await eventually(async () => last < (last = await redis.pttl('d')))
      return signal.aborted
    })
    const left = await redis.keys('*')
    return { refused, ttl: ttl > 5000 && ttl <= 10000, longer: longer > 20000, released, most, sum, kept, left }
  }
})
