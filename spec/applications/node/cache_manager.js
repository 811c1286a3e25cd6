// Scenario of spec/applications/node_spec.rb with cache-manager 7 and Keyv's Redis store.

const { createCache } = require('cache-manager')
const { Keyv } = require('keyv')
const KeyvRedis = require('@keyv/redis').default
const { run } = require('../scenario')

const open = url => createCache({ stores: [new Keyv({ store: new KeyvRedis(url), namespace: 'cache' })] })

run({
  async cache () {
    const [one, other] = [open(process.env.REDIS_URL), open(process.env.OTHER_REDIS_URL)]
    await one.set('object', { a: [1, 2] })
    await one.set('short', 1, 100)
    await one.mset([{ key: 'x', value: 1 }, { key: 'y', value: 2, ttl: 60000 }])
    let computed = 0
    const compute = cache => cache.wrap('wrapped', async () => ++computed, 60000)
    const wrapped = [await compute(one), await compute(other), await compute(one)]
    const facts = {
      object: await other.get('object'),
      many: (await other.mget(['x', 'y', 'none'])).map(value => value ?? null),
      ttl: await other.ttl('y') > Date.now(),
      wrapped
    }
    await new Promise(resolve => setTimeout(resolve, 150))
    facts.expired = await other.get('short') ?? null
    await one.del('object')
    await one.mdel(['x'])
    facts.deleted = [await other.get('object') ?? null, await other.get('x') ?? null, await other.get('y')]
    await one.clear()
    facts.cleared = await other.get('y') ?? null
    return facts
  }
})
