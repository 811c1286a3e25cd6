// Scenario of spec/applications/node_spec.rb with socket.io: two servers joined by its Redis adapter.

const http = require('http')
const Redis = require('ioredis')
const { Server } = require('socket.io')
const { io: connectTo } = require('socket.io-client')
const { createAdapter } = require('@socket.io/redis-adapter')
const { here, elsewhere, eventually, run } = require('../scenario')

async function serve (address) {
  const server = http.createServer()
  const io = new Server(server, { adapter: createAdapter(new Redis(address), new Redis(address), { requestsTimeout: 20000 }) })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return { io, port: server.address().port }
}

async function join (server, room) {
  const socket = connectTo(`http://127.0.0.1:${server.port}`, { transports: ['websocket'] })
  const seen = []
  socket.onAny((name, ...args) => {
    const answer = args.pop()
    if (typeof answer === 'function') answer(`from ${room}`)
    seen.push([name, ...args, ...(typeof answer === 'function' ? [] : [answer])])
  })
  await new Promise(resolve => socket.on('connect', resolve))
  return { socket, seen }
}

run({
  async rooms () {
    const servers = [await serve(here), await serve(elsewhere)]
    const [one, two] = servers
    for (const { io } of servers) io.on('connection', socket => socket.join('all'))
    const [a, b] = [await join(one, 'a'), await join(two, 'b')]
    const everyone = async () => (await one.io.in('all').fetchSockets()).length
    await eventually(async () => await everyone() === 2)
    one.io.emit('everybody', 1)
    two.io.to(a.socket.id).emit('you', 'a')
    two.io.in('all').except(a.socket.id).emit('others', Buffer.from([0, 255]).toString('hex'))
    await eventually(() => a.seen.length === 2 && b.seen.length === 2)
    const answers = await one.io.in('all').timeout(20000).emitWithAck('question')
    one.io.in(b.socket.id).socketsJoin('club')
    await eventually(async () => (await one.io.in('club').fetchSockets()).length === 1)
    const rooms = [...await one.io.of('/').adapter.allRooms()].filter(room => room === 'club' || room === 'all').sort()
    two.io.on('ask', (n, answer) => answer(n + 1))
    const asked = await one.io.serverSideEmitWithAck('ask', 41)
    one.io.in('club').disconnectSockets(true)
    await eventually(() => b.socket.disconnected)
    const heard = [a, b].map(({ seen }) => seen.slice(0, 2).sort())
    return { a: heard[0], b: heard[1], answers: answers.sort(), rooms, asked, left: await everyone() }
  }
})
