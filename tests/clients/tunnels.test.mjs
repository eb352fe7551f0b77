// Websockets through Larder, with a real client and a real server at the two ends: `ws` and the official client's own
// realtime and responses sockets.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before, beforeEach } from 'node:test';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { ResponsesWS } from 'openai/resources/responses/ws';
import WebSocket, { WebSocketServer } from 'ws';
import { clientOf, send } from './support/client.mjs';
import { startLarder } from './support/larder.mjs';
import { within } from './support/waiting.mjs';

const kPatienceMs = 20_000;
const limits = { timeout: 90_000 };

// A provider with websockets at every path: refuses a wrong key, echoes binary messages, and answers each event with
// one that carries it. Remembers the handshakes.
class SocketUpstream {
  handshakes = [];
  onSocket = null;  // what to do with a socket instead
  #server;
  #sockets = new WebSocketServer({ noServer: true, maxPayload: 64 << 20 });

  constructor(tls) {
    this.#server = tls ? https.createServer(tls) : http.createServer();
    this.#server.on('request', (request, response) => response.end('plain'));
    this.#server.on('upgrade', (request, socket, head) => {
      this.handshakes.push(request);
      if (!/^Bearer sk-(?!wrong)/.test(request.headers.authorization ?? '')) {
        const body = JSON.stringify({ error: { message: 'Incorrect API key provided.', code: 'invalid_api_key' } });
        socket.end(`HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n` +
                   `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => (this.onSocket ?? answer)(ws));
    });
  }
  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const scheme = this.#server instanceof https.Server ? 'https' : 'http';
    this.url = `${scheme}://localhost:${this.#server.address().port}/v1`;
    return this;
  }
  reset() {
    this.handshakes = [];
    this.onSocket = null;
  }
  async stop() {
    for (const ws of this.#sockets.clients) ws.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function answer(ws) {
  ws.on('message', (data, isBinary) => {
    if (isBinary) return ws.send(data);
    const event = JSON.parse(data);
    ws.send(JSON.stringify({ type: 'response.created', event_id: 'event_1', response: { id: 'r1', asked: event } }));
  });
}

let upstream;
let larder;

before(async () => {
  upstream = await new SocketUpstream().listen();
  larder = await startLarder({ upstream: upstream.url });
}, limits);
beforeEach(() => upstream.reset());
after(async () => {
  await upstream?.stop();
  await larder?.dispose();
}, limits);

const socketUrl = (rest, server = larder) => `${server.origin.replace(/^http/, 'ws')}/v1${rest}`;
const withKey = (apiKey = 'sk-alice', more = {}) => ({ headers: { authorization: `Bearer ${apiKey}`, ...more } });
async function connect(rest = '/realtime?model=gpt-realtime', options = withKey(), server = larder) {
  const ws = new WebSocket(socketUrl(rest, server), options);
  await within(kPatienceMs, 'the socket opens', once(ws, 'open'));
  return ws;
}
async function next(ws) {
  const [data, isBinary] = await within(kPatienceMs, 'a message arrives', once(ws, 'message'));
  return isBinary ? data : JSON.parse(data);
}
const closed = (ws) => within(kPatienceMs, 'the socket closes', once(ws, 'close').then(([code]) => code));

// The realtime client asks for wss:// whatever its base URL says, and Larder listens without TLS.
const withoutTls = { createConnection: ({ host, port }) => net.connect(Number(port), host) };

test('the openai client holds a realtime conversation through Larder', limits, async () => {
  const realtime = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: withoutTls }, clientOf(larder));
  const created = new Promise((resolve, reject) => {
    realtime.on('response.created', resolve);
    realtime.on('error', reject);
  });
  await within(kPatienceMs, 'the socket opens', once(realtime.socket, 'open'));
  realtime.send({ type: 'response.create', response: { instructions: 'say hi' } });
  const event = await within(kPatienceMs, 'the event arrives', created);
  assert.equal(event.response.asked.response.instructions, 'say hi');
  assert.equal(upstream.handshakes[0].url, '/v1/realtime?model=gpt-realtime');
  realtime.close();
  await closed(realtime.socket);
});

test('the openai client holds a responses conversation through Larder', limits, async () => {
  const responses = new ResponsesWS(clientOf(larder));
  const created = new Promise((resolve, reject) => {
    responses.on('response.created', resolve);
    responses.on('error', reject);
  });
  responses.send({ type: 'response.create', model: 'gpt-test', input: 'hi' });
  const event = await within(kPatienceMs, 'the event arrives', created);
  assert.equal(event.response.asked.input, 'hi');
  assert.equal(upstream.handshakes[0].url, '/v1/responses');
  responses.close();
});

test('upstream sees the handshake that the client made, and Via', limits, async () => {
  const ws = await connect('/realtime?model=a%2Fb&x=1', withKey('sk-alice', { 'openai-beta': 'realtime=v1' }));
  const [{ url, headers }] = upstream.handshakes;
  assert.equal(url, '/v1/realtime?model=a%2Fb&x=1');
  assert.equal(headers.authorization, 'Bearer sk-alice');
  assert.equal(headers['openai-beta'], 'realtime=v1');
  assert.equal(headers['sec-websocket-version'], '13');
  assert.match(headers['sec-websocket-extensions'], /permessage-deflate/);
  assert.match(headers.via, /larder/);
  assert.equal(headers.host, new URL(upstream.url).host);
  ws.terminate();
});

test('the 101 says what the cache did', limits, async () => {
  const ws = new WebSocket(socketUrl('/realtime'), withKey());
  const [response] = await within(kPatienceMs, 'the 101 arrives', once(ws, 'upgrade'));
  assert.match(response.headers['cache-status'], /^larder; fwd=bypass; fwd-status=101; detail="websocket"$/);
  ws.on('error', () => {});
  ws.terminate();
});

test('messages of 10 MB pass both ways at once', limits, async () => {
  const ws = await connect('/realtime', { ...withKey(), perMessageDeflate: false, maxPayload: 64 << 20 });
  const sent = Buffer.alloc(10_000_000, 'abcdefghijk');
  for (let i = 0; i < 3; ++i) ws.send(sent);
  for (let i = 0; i < 3; ++i) assert.ok(sent.equals(await next(ws)));
  ws.close(1000);
  assert.equal(await closed(ws), 1000);
});

test('the code with which either side closes reaches the other', limits, async () => {
  upstream.onSocket = (ws) => ws.on('message', () => ws.close(4001, 'enough'));
  const ws = await connect();
  ws.send('stop');
  assert.equal(await closed(ws), 4001);
  const code = new Promise((resolve) => { upstream.onSocket = (up) => up.on('close', resolve); });
  (await connect()).close(4002);
  assert.equal(await within(kPatienceMs, 'upstream sees the close', code), 4002);
});

test('a client or an upstream that vanishes ends the other side', limits, async () => {
  let code = new Promise((resolve) => { upstream.onSocket = (up) => up.on('close', resolve); });
  (await connect()).terminate();
  assert.equal(await within(kPatienceMs, 'upstream sees the end', code), 1006);
  upstream.onSocket = (up) => up.terminate();
  const ws = new WebSocket(socketUrl('/realtime'), withKey());
  ws.on('error', () => {});
  assert.equal(await closed(ws), 1006);
});

test('a handshake that upstream refuses is refused with its own words', limits, async () => {
  const ws = new WebSocket(socketUrl('/realtime'), withKey('sk-wrong'));
  const [, response] = await within(kPatienceMs, 'the refusal arrives', once(ws, 'unexpected-response'));
  assert.equal(response.statusCode, 401);
  const chunks = await response.toArray();
  assert.equal(JSON.parse(Buffer.concat(chunks)).error.code, 'invalid_api_key');
});

test('without an upgrade the same path is an ordinary request', limits, async () => {
  const response = await send(`${larder.url}/realtime/sessions`, { body: {} });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'plain');
  assert.equal(upstream.handshakes.length, 0);
});

test('the built-in provider says that it has no websockets', limits, async (t) => {
  const builtin = await startLarder({ upstream: 'builtin' });
  t.after(() => builtin.dispose());
  const ws = new WebSocket(socketUrl('/realtime', builtin), withKey());
  const [, response] = await within(kPatienceMs, 'the refusal arrives', once(ws, 'unexpected-response'));
  assert.equal(response.statusCode, 404);
  assert.match(JSON.parse(Buffer.concat(await response.toArray())).error.message, /websockets/);
});

test('an upstream with TLS is verified, and then its websockets work', limits, async (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'larder-tls-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const file = (name) => path.join(home, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                           '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
                           '-keyout', file('key.pem'), '-out', file('cert.pem')], { stdio: 'ignore' });
  const secure = await new SocketUpstream({ key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) })
    .listen();
  t.after(() => secure.stop());
  const config = `[upstream]\nca_file = "${file('cert.pem')}"\n`;
  const trusting = await startLarder({ upstream: secure.url, config });
  t.after(() => trusting.dispose());
  const ws = await connect('/realtime', { ...withKey(), perMessageDeflate: false, maxPayload: 64 << 20 }, trusting);
  const sent = Buffer.alloc(10_000_000, 'abcdefghijk');
  ws.send(sent);
  assert.ok(sent.equals(await next(ws)));
  ws.close(1000);
  assert.equal(await closed(ws), 1000);

  const wary = await startLarder({ upstream: secure.url });
  t.after(() => wary.dispose());
  const refused = new WebSocket(socketUrl('/realtime', wary), withKey());
  const [, response] = await within(kPatienceMs, 'the refusal arrives', once(refused, 'unexpected-response'));
  assert.equal(response.statusCode, 502);
  assert.equal(secure.handshakes.length, 1);
});

test('a shutdown closes open websockets instead of waiting for them', limits, async (t) => {
  const other = await startLarder({ upstream: upstream.url });
  t.after(() => other.dispose());
  const sockets = await Promise.all(Array.from({ length: 20 }, () => connect('/realtime', withKey(), other)));
  const ends = sockets.map(closed);
  const begin = Date.now();
  await other.stop();
  assert.deepEqual(await Promise.all(ends), sockets.map(() => 1006));
  assert.ok(Date.now() - begin < 10_000, `it took ${Date.now() - begin} ms`);
});
