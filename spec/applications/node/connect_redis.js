// Scenarios of spec/applications/node_spec.rb with connect-redis: sessions in the server under test.

const http = require('http')
const session = require('express-session')
const { RedisStore } = require('connect-redis')
const { createClient } = require('redis')
const { here, elsewhere, run } = require('../scenario')

async function store (address) {
  return new RedisStore({ client: await createClient({ socket: address }).connect(), prefix: 'sess:', ttl: 1000 })
}

// A web server whose page counts how often a session has come.
async function serve (address) {
  const sessions = session({ store: await store(address), secret: 'secret', resave: false, saveUninitialized: false })
  const server = http.createServer((request, response) => sessions(request, response, () => {
    request.session.visits = (request.session.visits || 0) + 1
    response.end(String(request.session.visits))
  }))
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

function visit (server, cookie) {
  return new Promise((resolve, reject) => {
    const headers = cookie ? { cookie } : {}
    http.get({ host: '127.0.0.1', port: server.address().port, headers }, response => {
      let body = ''
      response.on('data', data => { body += data })
      response.on('end', () => resolve({ body, cookie: response.headers['set-cookie']?.[0].split(';')[0] }))
    }).on('error', reject)
  })
}

const promised = (object, method, ...args) => new Promise((resolve, reject) =>
  object[method](...args, (error, result) => error ? reject(error) : resolve(result)))

run({
  async visits () {
    const servers = [await serve(here), await serve(elsewhere)]
    const first = await visit(servers[0])
    const visits = [first.body]
    for (let i = 1; i < 6; i++) visits.push((await visit(servers[i % 2], first.cookie)).body)
    return { visits, stranger: (await visit(servers[1])).body }
  },

  async store () {
    const [one, other] = [await store(here), await store(elsewhere)]
    for (let i = 0; i < 150; i++) await promised(one, 'set', `id${i}`, { cookie: {}, n: i })
    const got = await promised(other, 'get', 'id7')
    await promised(one, 'touch', 'id7', { cookie: { expires: new Date(Date.now() + 50000) } })
    const ttl = await other.client.ttl('sess:id7')
    const length = await promised(other, 'length')
    const ids = (await promised(other, 'ids')).length
    const all = (await promised(other, 'all')).length
    await promised(one, 'destroy', 'id7')
    const destroyed = await promised(other, 'get', 'id7')
    await promised(one, 'clear')
    const left = await promised(other, 'length')
    return { got: got.n, ttl: ttl > 40 && ttl <= 50, length, ids, all, destroyed: destroyed == null, left }
  }
})
