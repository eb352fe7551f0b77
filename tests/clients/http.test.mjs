// HTTP itself: methods, codings and fields that no SDK sends on purpose, but that browsers, proxies and tools do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { kApis, sendTo } from './support/apis.mjs';
import { bytesOf, cacheStatusOf, send } from './support/client.mjs';
import { kReply } from './support/fake_chat.mjs';
import { binaryBytes } from './support/fake_others.mjs';
import { limits, setUp } from './support/setup.mjs';

const world = setUp({ config: '[server]\ncors_origins = ["https://app.example.com"]\n' });
const [chat] = kApis;
const message = { role: 'assistant', content: kReply.join('') };
const completion = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-test',
                                    choices: [{ index: 0, message, finish_reason: 'stop' }] });

// A request as node's own client sends it, which leaves codings and framing alone. -> { response, bytes, raw answer }.
async function plain(path, { method = 'GET', headers = {}, body, chunks } = {}) {
  const { hostname: host, port } = new URL(world.larder.origin);
  const request = http.request({ host, port, path, method, headers: { authorization: 'Bearer sk-alice', ...headers } });
  request.flushHeaders();
  for (const chunk of chunks ?? []) request.write(chunk);
  request.end(body);
  const [response] = await once(request, 'response');
  const parts = [];
  for await (const part of response) parts.push(part);
  return { response, bytes: Buffer.concat(parts) };
}

test('HEAD has the fields of GET and no body', limits, async () => {
  const { response, bytes } = await plain('/v1/models', { method: 'HEAD' });
  assert.equal(response.statusCode, 200);
  assert.match(response.headers['content-type'], /^application\/json/);
  assert.equal(bytes.length, 0);
});

test('a HEAD leaves its connection usable', limits, async (t) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const { hostname: host, port } = new URL(world.larder.origin);
  for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
    const request = http.request({ host, port, path: '/v1/models', method, agent,
                                   headers: { authorization: 'Bearer sk-alice' } });
    request.end();
    const [response] = await once(request, 'response');
    const parts = [];
    for await (const part of response) parts.push(part);
    assert.equal(response.statusCode, 200);
    assert.equal(Buffer.concat(parts).length > 0, method === 'GET');
  }
});

test('OPTIONS without an origin goes to upstream', limits, async () => {
  world.upstream.misbehave((request, response) => response.writeHead(204, { allow: 'GET, POST' }).end());
  const { response } = await plain('/v1/chat/completions', { method: 'OPTIONS' });
  assert.equal(response.statusCode, 204);
  assert.equal(response.headers.allow, 'GET, POST');
  assert.equal(world.upstream.requests[0].method, 'OPTIONS');
});

test('an answer that upstream compresses is cached and readable by everybody', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(completion));
  });
  const texts = [];
  for (const accept of ['gzip', 'identity']) {
    const response = await sendTo(chat, world.larder, t.name, { headers: { 'accept-encoding': accept } });
    texts.push(await response.text());
  }
  assert.deepEqual(texts, [completion, completion]);
  assert.equal(world.upstream.requests.length, 1);
});

test('a coding that Larder cannot decode passes and is not stored', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'x-odd' });
    response.end('not to be read');
  });
  for (const round of [1, 2]) {
    const { response, bytes } = await plain('/v1/chat/completions', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(chat.bodyOf(t.name)) });
    assert.equal(response.headers['content-encoding'], 'x-odd', `round ${round}`);
    assert.equal(bytes.toString(), 'not to be read');
  }
  assert.equal(world.upstream.requests.length, 2);
});

test('a gzip that is cut short is an error and is not stored', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(completion).subarray(0, 60));
  });
  await assert.rejects(async () => {
    const response = await sendTo(chat, world.larder, t.name);
    const text = await response.text();
    assert.equal(response.status, 200, text);
  });
  world.upstream.reset();
  assert.equal(cacheStatusOf((await sendTo(chat, world.larder, t.name)).headers).fwd, 'miss');
});

test('what passes through keeps the coding and the bytes of upstream', limits, async () => {
  const zipped = gzipSync(binaryBytes(50_000, 'file'));
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip',
                              'content-length': zipped.length });
    response.end(zipped);
  });
  const { response, bytes } = await plain('/v1/files/f/content', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(response.headers['content-encoding'], 'gzip');
  assert.ok(bytes.equals(zipped));
  assert.equal(world.upstream.requests[0].headers['accept-encoding'], 'gzip');
});

test('a chunked request arrives whole', limits, async (t) => {
  const body = Buffer.from(JSON.stringify(chat.bodyOf(t.name)));
  const { response } = await plain('/v1/chat/completions', {
    method: 'POST', headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    chunks: [body.subarray(0, 9), body.subarray(9, 40), body.subarray(40)] });
  assert.equal(response.statusCode, 200);
  assert.deepEqual(world.upstream.requests[0].json, chat.bodyOf(t.name));
});

test('a client that waits for 100 Continue gets it', limits, async (t) => {
  const { hostname: host, port } = new URL(world.larder.origin);
  const request = http.request({ host, port, path: '/v1/chat/completions', method: 'POST', headers: {
    authorization: 'Bearer sk-alice', 'content-type': 'application/json', expect: '100-continue',
    'content-length': Buffer.byteLength(JSON.stringify(chat.bodyOf(t.name))) } });
  request.flushHeaders();
  await once(request, 'continue');
  request.end(JSON.stringify(chat.bodyOf(t.name)));
  const [response] = await once(request, 'response');
  response.resume();
  assert.equal(response.statusCode, 200);
});

test('fields of the connection stay on it, the others pass', limits, async () => {
  const { response } = await plain('/v1/files', { headers: {
    connection: 'x-secret-hop', 'x-secret-hop': '1', te: 'trailers', 'proxy-authorization': 'Basic eA==',
    'x-mine': 'kept', 'openai-organization': 'org' } });
  assert.equal(response.statusCode, 200);
  const { headers } = world.upstream.requests[0];
  for (const name of ['x-secret-hop', 'te', 'proxy-authorization']) assert.equal(headers[name], undefined, name);
  assert.equal(headers['x-mine'], 'kept');
  assert.equal(headers['openai-organization'], 'org');
  assert.match(headers.via, /\blarder\b/i);
});

test('a request that comes back to where it was is a loop', limits, async () => {
  await send(`${world.larder.url}/files`, { method: 'GET' });
  const { via } = world.upstream.requests[0].headers;
  const response = await send(`${world.larder.url}/files`, { method: 'GET', headers: { via } });
  assert.equal(response.status, 508);
  assert.equal(world.upstream.requests.length, 1);
});

test('a redirect of upstream is for the client to follow', limits, async () => {
  const location = 'http://127.0.0.1:1/elsewhere';
  world.upstream.misbehave((request, response) => response.writeHead(307, { location }).end());
  const { response } = await plain('/v1/files/f');
  assert.equal(response.statusCode, 307);
  assert.equal(response.headers.location, location);
  assert.equal(world.upstream.requests.length, 1);
});

test('methods of every name pass, and their bodies', limits, async () => {
  world.upstream.misbehave((request, response) => response.writeHead(200).end(request.bytes));
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
    const response = await send(`${world.larder.url}/things/7`, { method, body: { method } });
    assert.deepEqual(await response.json(), { method });
  }
  assert.deepEqual(world.upstream.requests.map(({ method }) => method), ['PUT', 'PATCH', 'DELETE', 'POST']);
});

test('an upload of unknown length streams through', limits, async () => {
  const parts = Array.from({ length: 8 }, (_, i) => binaryBytes(100_000, `part ${i}`));
  const { response } = await plain('/v1/uploads/u/parts', {
    method: 'POST', chunks: parts,
    headers: { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' } });
  assert.equal(response.statusCode, 404);
  assert.ok(world.upstream.requests[0].bytes.equals(Buffer.concat(parts)));
});

test('Azure paths reach the origin of upstream, with the model of the path in the key', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(completion);
  });
  const pathOf = (model) => `/openai/deployments/${model}/chat/completions?api-version=2024-10-21`;
  const ask = (model) => send(`${world.larder.origin}${pathOf(model)}`, {
    apiKey: null, headers: { 'api-key': 'sk-azure' }, body: { messages: chat.bodyOf(t.name).messages } });
  const outcomes = [];
  for (const model of ['one', 'one', 'two']) {
    const response = await ask(model);
    await bytesOf(response);
    outcomes.push(cacheStatusOf(response.headers).hit ?? false);
  }
  assert.deepEqual(outcomes, [false, true, false]);
  assert.equal(world.upstream.requests[0].path, pathOf('one'));
  assert.equal(world.upstream.requests[0].headers['api-key'], 'sk-azure');
});

// ---- Browsers

const preflight = (origin, path = '/v1/chat/completions') => plain(path, { method: 'OPTIONS', headers: {
  origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' } });

test('a preflight of a listed page is allowed here, of another refused', limits, async () => {
  const { response } = await preflight('https://app.example.com');
  assert.equal(response.statusCode, 204);
  assert.equal(response.headers['access-control-allow-origin'], 'https://app.example.com');
  assert.match(response.headers['access-control-allow-methods'], /POST/);
  assert.match(response.headers['access-control-allow-headers'], /authorization/i);
  assert.match(response.headers['access-control-max-age'], /^\d+$/);
  assert.match(response.headers.vary, /origin/i);
  for (const origin of ['https://evil.example.com', 'https://app.example.com.evil.example', 'null']) {
    const refused = (await preflight(origin)).response;
    assert.equal(refused.statusCode, 403, origin);
    assert.equal(refused.headers['access-control-allow-origin'], undefined, origin);
  }
  assert.equal(world.upstream.requests.length, 0);
});

test('an answer may be read by listed pages only, missed and hit', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }).end(completion);
  });
  for (const round of ['miss', 'hit']) {
    for (const [origin, told] of [['https://app.example.com', 'https://app.example.com'],
                                  ['https://evil.example', null]]) {
      const body = chat.bodyOf(`${t.name}, ${origin}`);
      const { response } = await plain('/v1/chat/completions', {
        method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify(body) });
      assert.equal(response.headers['access-control-allow-origin'] ?? null, told, round);
      assert.equal(response.statusCode, told === null ? 403 : 200, round);
      if (told !== null) assert.equal(response.headers['cf-aig-cache-status'], round.toUpperCase());
    }
  }
});
