// Scenarios of spec/applications/bull_spec.rb: `scenarios.js NAME`.

const Queue = require('bull')
const { here, elsewhere, eventually, failure, run } = require('../scenario')

const settings = { guardInterval: 100, drainDelay: 1 }
const queue = new Queue('work', { redis: here, settings })
const other = options => new Queue('work', { redis: elsewhere, settings, ...options })

const jobs = {
  async work () {
    const done = []
    const workers = [queue, other()]
    workers.forEach((worker, i) => worker.process(5, async job => { done.push(job.data.n); return job.data.n * 2 }))
    await Promise.all(workers.map(worker => worker.isReady()))
    const single = await queue.add({ n: 0 })
    const added = await queue.addBulk(Array.from({ length: 99 }, (_, i) => ({ data: { n: i + 1 } })))
    await eventually(async () => await queue.getCompletedCount() === 100)
    const returned = await Promise.all([single, ...added].map(async job => (await queue.getJob(job.id)).returnvalue))
    const names = await queue.getWorkers()
    return { done: done.sort((a, b) => a - b), returned, workers: names.length, counts: await queue.getJobCounts() }
  },

  async delayed () {
    const begun = Date.now()
    const order = []
    queue.process('*', async job => { order.push(job.name) })
    await queue.isReady()
    await queue.add('far', {}, { delay: 3600e3 })
    await queue.add('second', {}, { delay: 400 })
    await queue.add('first', {}, { delay: 200 })
    const counted = await queue.getDelayedCount()
    await eventually(() => order.length === 2)
    const elapsed = Date.now() - begun
    const [far] = await queue.getDelayed()
    await far.promote()
    await eventually(() => order.length === 3)
    return { counted, order, late: elapsed >= 400, left: await queue.getDelayedCount() }
  },

  async priorities () {
    for (const priority of [5, 1, 3, 2]) await queue.add(`p${priority}`, {}, { priority })
    await queue.add('lifo', {}, { lifo: true })
    const order = []
    queue.process('*', async job => { order.push(job.name) })
    await eventually(() => order.length === 5)
    return order
  },

  async failing () {
    const attempts = {}
    queue.process('*', async job => {
      attempts[job.name] = (attempts[job.name] || 0) + 1
      if (attempts[job.name] < 3) throw new Error(`attempt ${attempts[job.name]}`)
      return attempts[job.name]
    })
    const stubborn = await queue.add('stubborn', {}, { attempts: 3, backoff: { type: 'fixed', delay: 50 } })
    const twice = await queue.add('twice', {}, { attempts: 2 })
    await eventually(async () => await queue.getFailedCount() === 1 && await queue.getCompletedCount() === 1)
    const reasons = (await queue.getFailed()).map(job => job.failedReason)
    await (await queue.getJob(twice.id)).retry()
    await eventually(async () => await queue.getCompletedCount() === 2)
    return { attempts, reasons, stubborn: (await queue.getJob(stubborn.id)).returnvalue }
  },

  async repeating () {
    let runs = 0
    queue.process('*', async () => { runs++ })
    await queue.add('tick', {}, { repeat: { every: 100 } })
    await queue.add('nightly', {}, { repeat: { cron: '0 3 * * *' } })
    const before = (await queue.getRepeatableJobs()).map(job => job.name).sort()
    await eventually(() => runs >= 3)
    await queue.removeRepeatable('tick', { every: 100 })
    return { before, after: (await queue.getRepeatableJobs()).map(job => job.name) }
  },

  async limited () {
    const limited = new Queue('limited', { redis: here, settings, limiter: { max: 2, duration: 300 } })
    const times = []
    limited.process(10, async () => { times.push(Date.now()) })
    const begun = Date.now()
    await limited.addBulk(Array.from({ length: 6 }, () => ({ data: {} })))
    await eventually(() => times.length === 6)
    return times[5] - begun
  },

  async events () {
    // Through the other proxy: Bull tells of events by pub/sub.
    const watcher = other()
    const seen = []
    for (const name of ['waiting', 'active', 'progress', 'completed', 'failed', 'paused', 'resumed', 'drained']) {
      watcher.on(`global:${name}`, () => seen.push(name))
    }
    await watcher.isReady()
    queue.process('*', async job => { await job.progress(50); if (job.name === 'bad') throw new Error('bad'); return 'result' })
    const result = await (await watcher.add('good', {})).finished()
    const error = await failure((await watcher.add('bad', {})).finished())
    await queue.pause()
    await eventually(() => seen.includes('paused'))
    await watcher.resume()
    await eventually(() => ['waiting', 'active', 'progress', 'completed', 'failed', 'resumed'].every(name => seen.includes(name)))
    return { result, error }
  },

  async managing () {
    await queue.pause()
    const added = await queue.addBulk(Array.from({ length: 10 }, (_, i) => ({ name: `j${i}`, data: {} })))
    const same = await Promise.all([1, 2].map(() => queue.add('once', {}, { jobId: 'unique' })))
    await added[0].remove()
    await added[1].update({ changed: true })
    await added[2].progress(42)
    await added[2].log('a line')
    const facts = {
      paused: [await queue.isPaused(), await queue.getPausedCount()],
      same: same.map(job => job.id),
      data: (await queue.getJob(added[1].id)).data,
      progress: (await queue.getJob(added[2].id)).progress(),
      logs: (await queue.getJobLogs(added[2].id)).logs,
      state: await added[2].getState(),
      shown: (await queue.getJobs(['paused'], 0, 2, true)).map(job => job.name)
    }
    await queue.removeJobs('unique*')
    facts.removed = await queue.count()
    await queue.empty()
    facts.emptied = await queue.count()
    await queue.obliterate({ force: true })
    return facts
  },

  async stalled () {
    // A worker whose lock is lost, as when its process dies: another one takes the job over.
    let runs = 0
    let release
    const held = new Promise(resolve => { release = resolve })
    const impatient = { ...settings, lockDuration: 200, lockRenewTime: 60e3, stalledInterval: 0, maxStalledCount: 3 }
    const first = other({ settings: impatient })
    first.on('error', () => {})
    first.process(async () => { runs++; await held })
    await queue.add({})
    await eventually(() => runs === 1)
    const second = other({ settings: { ...settings, lockDuration: 5000, stalledInterval: 100, maxStalledCount: 3 } })
    second.process(async () => { runs++; return 'taken over' })
    await eventually(async () => await queue.getCompletedCount() === 1)
    const [job] = await queue.getCompleted()
    release()
    return { runs, returned: job.returnvalue }
  }
}

run(jobs)
