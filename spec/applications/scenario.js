// What the JavaScript programs of spec/applications share: `run(scenarios)` runs the one that the command line names, and
// prints what came out as JSON, the last line.

const here = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) }
const elsewhere = { host: '127.0.0.1', port: Number(process.env.OTHER_REDIS_PORT) }

async function eventually (condition, seconds = 30) {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const result = await condition()
    if (result) return result
    if (Date.now() > deadline) throw new Error(`not in time: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

// The message of the error that the promise ends in.
async function failure (promise) {
  try {
    await promise
  } catch (error) {
    return error.message
  }
  throw new Error('no error')
}

function run (scenarios) {
  process.on('unhandledRejection', error => { throw error })
  scenarios[process.argv[2]]().then(result => {
    process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0))
  }, error => {
    console.error(error)
    process.exit(1)
  })
}

module.exports = { here, elsewhere, eventually, failure, run }
