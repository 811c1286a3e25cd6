// Scenarios of spec/applications/bullmq_spec.rb: `scenarios.js NAME`.

const { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } = require('bullmq')
const { here, elsewhere, eventually, failure, run } = require('../scenario')

const queue = new Queue('work', { connection: here })
const later = ms => new Promise(resolve => setTimeout(resolve, ms))

function work (processor, options = {}, name = 'work') {
  return new Worker(name, processor, { connection: here, drainDelay: 1, ...options })
}

const jobs = {
  async work () {
    const done = []
    const double = async job => { done.push(job.data.n); await later(1); return job.data.n * 2 }
    const workers = [here, elsewhere].map(connection => work(double, { connection, concurrency: 5 }))
    await Promise.all(workers.map(worker => worker.waitUntilReady()))
    const single = await queue.add('double', { n: 0 })
    const added = await queue.addBulk(Array.from({ length: 99 }, (_, i) => ({ name: 'double', data: { n: i + 1 } })))
    await eventually(async () => await queue.getCompletedCount() === 100)
    const returned = await Promise.all([single, ...added].map(async job => (await queue.getJob(job.id)).returnvalue))
    const names = await queue.getWorkers()
    await Promise.all(workers.map(worker => worker.close()))
    done.sort((a, b) => a - b)
    return { done, returned, workers: names.length, counts: await queue.getJobCounts() }
  },

  async delayed () {
    const begun = Date.now()
    const order = []
    work(async job => { order.push(job.name) })
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
    for (const priority of [5, 1, 3, 0, 2]) await queue.add(`p${priority}`, {}, { priority })
    await queue.add('lifo', {}, { lifo: true })
    const counts = await queue.getJobCounts('prioritized', 'waiting')
    const order = []
    work(async job => { order.push(job.name) })
    await eventually(() => order.length === 6)
    return { counts, order }
  },

  async failing () {
    const attempts = {}
    work(async job => {
      attempts[job.name] = (attempts[job.name] || 0) + 1
      if (job.name === 'hopeless') throw new UnrecoverableError('hopeless')
      if (attempts[job.name] < 3) throw new Error(`attempt ${attempts[job.name]}`)
      return attempts[job.name]
    })
    const options = { attempts: 3, backoff: { type: 'exponential', delay: 20 } }
    const stubborn = await queue.add('stubborn', {}, options)
    const hopeless = await queue.add('hopeless', {}, options)
    const twice = await queue.add('twice', {}, { attempts: 2 })
    await eventually(async () => await queue.getFailedCount() === 2 && await queue.getCompletedCount() === 1)
    const reasons = (await queue.getFailed()).map(job => job.failedReason).sort()
    const retried = await queue.getJob(twice.id)
    await retried.retry()
    await eventually(async () => await queue.getCompletedCount() === 2)
    return {
      attempts,
      reasons,
      stubborn: [(await queue.getJob(stubborn.id)).returnvalue, (await queue.getJob(stubborn.id)).stacktrace.length],
      states: await Promise.all([stubborn, hopeless, twice].map(job => job.getState()))
    }
  },

  async repeating () {
    let runs = 0
    work(async () => { runs++ })
    await queue.upsertJobScheduler('often', { every: 100 }, { name: 'tick', data: { a: 1 } })
    await queue.upsertJobScheduler('daily', { pattern: '0 0 3 * * *' }, { name: 'nightly' })
    const schedulers = (await queue.getJobSchedulers()).map(scheduler => scheduler.key).sort()
    await eventually(() => runs >= 3)
    const removed = [await queue.removeJobScheduler('often'), await queue.removeJobScheduler('never')]
    return { schedulers, removed, left: await queue.getJobSchedulersCount() }
  },

  async flows () {
    const flows = new FlowProducer({ connection: elsewhere })
    work(async job => job.data.n, {}, 'parts')
    work(async job => Object.values(await job.getChildrenValues()).reduce((a, b) => a + b, 0))
    const child = n => ({ name: 'part', data: { n }, queueName: 'parts' })
    const tree = await flows.add({
      name: 'sum',
      queueName: 'work',
      children: [child(1), child(2), { name: 'subtotal', queueName: 'work', children: [child(30), child(40)] }]
    })
    await eventually(async () => await tree.job.getState() === 'completed')
    const whole = await queue.getJob(tree.job.id)
    return {
      sum: whole.returnvalue,
      children: Object.values(await whole.getChildrenValues()).sort((a, b) => a - b),
      dependencies: await whole.getDependenciesCount()
    }
  },

  async limited () {
    const times = []
    work(async () => { times.push(Date.now()) }, { limiter: { max: 2, duration: 300 }, concurrency: 10 })
    const begun = Date.now()
    await queue.addBulk(Array.from({ length: 6 }, () => ({ name: 'x', data: {} })))
    await eventually(() => times.length === 6)
    return times[5] - begun
  },

  async managing () {
    await queue.pause()
    const paused = await queue.isPaused()
    const added = await queue.addBulk(Array.from({ length: 10 }, (_, i) => ({ name: `j${i}`, data: {} })))
    const same = await Promise.all([1, 2].map(() => queue.add('once', {}, { jobId: 'unique' })))
    const deduplicated = await Promise.all([1, 2].map(() => queue.add('d', {}, { deduplication: { id: 'only' } })))
    await (await queue.getJob(added[0].id)).remove()
    await (await queue.getJob(added[1].id)).updateData({ changed: true })
    await added[2].updateProgress(42)
    await added[2].log('a line')
    const counts = await queue.getJobCounts('paused', 'waiting')
    const shown = await queue.getJobs(['paused'], 0, 2, true)
    const facts = {
      paused,
      same: same.map(job => job.id),
      deduplicated: deduplicated[0].id === deduplicated[1].id,
      counts,
      shown: shown.map(job => job.name),
      data: (await queue.getJob(added[1].id)).data,
      progress: (await queue.getJob(added[2].id)).progress,
      logs: (await queue.getJobLogs(added[2].id)).logs
    }
    await queue.drain()
    facts.drained = await queue.count()
    await queue.resume()
    await queue.obliterate({ force: true })
    return facts
  },

  async events () {
    const events = new QueueEvents('work', { connection: elsewhere })
    await events.waitUntilReady()
    const seen = []
    for (const name of ['added', 'active', 'progress', 'completed', 'failed', 'drained']) events.on(name, () => seen.push(name))
    work(async job => { await job.updateProgress(50); if (job.name === 'bad') throw new Error('bad'); return 'result' })
    const good = await queue.add('good', {})
    const result = await good.waitUntilFinished(events, 20000)
    const bad = await queue.add('bad', {})
    const error = await failure(bad.waitUntilFinished(events, 20000))
    await eventually(() => ['added', 'active', 'progress', 'completed', 'failed'].every(name => seen.includes(name)))
    return { result, error }
  },

  async stalled () {
    // A worker whose lock is lost, as when its process dies: another one takes the job over.
    let runs = 0
    let release
    const held = new Promise(resolve => { release = resolve })
    const first = work(async () => { runs++; await held }, { lockDuration: 200, skipLockRenewal: true, skipStalledCheck: true })
    first.on('error', () => {})
    await queue.add('long', {})
    await eventually(() => runs === 1)
    work(async () => { runs++; return 'taken over' }, { stalledInterval: 100, maxStalledCount: 3, connection: elsewhere })
    await eventually(async () => await queue.getCompletedCount() === 1)
    const [job] = await queue.getCompleted()
    release()
    return { runs, returned: job.returnvalue }
  }
}

run(jobs)
