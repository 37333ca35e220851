// SPDX-License-Identifier: MIT
// node broker.mjs CERTDIR BASE - aedes (MQTT 3.1 and 3.1.1 only) in the
// foreground, on the loopback address only:
//   BASE    anybody              BASE+3  TLS, client certificate
//   BASE+1  password needed      BASE+4  WebSocket
//   BASE+2  TLS                  BASE+5  WebSocket over TLS
// Users admin, alice and bob have the password NAMEpw.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { Aedes } from 'aedes'
import { WebSocketServer, createWebSocketStream } from 'ws'

const [certs, base] = process.argv.slice(2)
const pem = name => readFileSync(`${certs}/${name}`)

const users = {
  admin: { password: 'adminpw', publish: /^/, subscribe: /^/ },
  alice: { password: 'alicepw', publish: /^[aw]\//, subscribe: /^[ar]\// },
  bob: { password: 'bobpw', publish: /^$/, subscribe: /^a\// }
}

const broker = await Aedes.createBroker({
  id: 'aedes-test',
  heartbeatInterval: 5000
})

broker.authenticate = (client, name, password, done) => {
  client.user = users[name]
  if (!name && !client.conn?.needsPassword) return done(null, true)
  if (client.user?.password === password?.toString()) return done(null, true)
  const refusal = new Error('bad credentials')
  refusal.returnCode = name ? 4 : 5
  done(refusal, false)
}

broker.authorizePublish = (client, packet, done) => {
  const allowed = !client?.user || client.user.publish.test(packet.topic)
  done(allowed ? null : new Error('not allowed'))
}

// null instead of the subscription is 0x80 in the SUBACK.
broker.authorizeSubscribe = (client, subscription, done) => {
  const { user } = client
  const allowed = !user || user.subscribe.test(subscription.topic)
  done(null, allowed ? subscription : null)
}

const listen = (server, offset) => new Promise(resolve =>
  server.listen(Number(base) + offset, '127.0.0.1', resolve))

const withWebSocket = server => {
  new WebSocketServer({
    server,
    handleProtocols: offered => offered.has('mqtt') ? 'mqtt' : false
  }).on('connection', (socket, request) =>
    broker.handle(createWebSocketStream(socket), request))
  return server
}

const cert = {
  key: pem('server.key'),
  cert: pem('server.crt'),
  ca: pem('ca.crt'),
  minVersion: 'TLSv1.2'
}
const mutual = { ...cert, requestCert: true, rejectUnauthorized: true }

await listen(net.createServer(broker.handle), 0)
await listen(net.createServer(socket => {
  socket.needsPassword = true
  broker.handle(socket)
}), 1)
await listen(tls.createServer(cert, broker.handle), 2)
await listen(tls.createServer(mutual, broker.handle), 3)
await listen(withWebSocket(http.createServer()), 4)
await listen(withWebSocket(https.createServer(cert)), 5)
console.log('ready')
process.on('SIGTERM', () => process.exit(0))
