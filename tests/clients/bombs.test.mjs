// Bombs: what is small to send and large to take in, or never ends. Each is refused, or carried through in pieces, in
// bounded time, and the process never holds more than 16 MiB more than before.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { createGzip, gzipSync } from 'node:zlib';
import { startLarder } from './support/larder.mjs';
import { within } from './support/waiting.mjs';

const kLimits = { timeout: 240_000 };
const kMostGrowth = 16 * 1024;  // KiB, as /proc tells
const kPatienceMs = 20_000;
const kConfig = '[server]\nhead_timeout_s = 2\nbody_timeout_s = 2\n';
const world = {};

// Answers with what the test has put there.
let answer = (request, response) => response.end('{}');

before(async () => {
  world.server = http.createServer({ maxHeaderSize: 1 << 20 }, (request, response) => {
    response.on('error', () => {});
    request.on('error', () => {});
    answer(request, response);
  });
  world.server.listen(0, '127.0.0.1');
  await once(world.server, 'listening');
  const { port } = world.server.address();
  world.larder = await startLarder({ upstream: `http://127.0.0.1:${port}/v1`, config: kConfig });
  // The first requests of all make what stays: parsers, buffers, threads.
  answer = (request, response) => response.end('{"data":[]}');
  for (let i = 0; i < 50; ++i) await post('/v1/files', 'x'.repeat(1 << 20));
  for (let i = 0; i < 50; ++i) await post('/v1/chat/completions', JSON.stringify({ model: 'm', x: 'x'.repeat(1 << 20) }));
}, kLimits);
after(async () => {
  world.server.closeAllConnections();
  world.server.close();
  await world.larder?.dispose();
}, kLimits);

async function kibibytes(name) {
  const status = await readFile(`/proc/${world.larder.pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]);
}

// Runs `bomb` and holds the peak of the process's memory meanwhile against what it had before.
async function harmless(what, bomb) {
  await writeFile(`/proc/${world.larder.pid}/clear_refs`, '5');  // the peak begins anew
  const begin = await kibibytes('VmRSS');
  await bomb();
  const growth = await kibibytes('VmHWM') - begin;
  assert.ok(growth <= kMostGrowth, `${what}: ${growth} KiB more at the peak`);
  assert.equal((await post('/livez', undefined, { method: 'GET' })).status, 200, what);
  if (process.env.SHOW_GROWTH) console.log(`${what}: ${growth} KiB`);
}

function post(path, body, { method = 'POST', headers = {} } = {}) {
  return fetch(world.larder.origin + path, { method, body, signal: AbortSignal.timeout(kPatienceMs),
    headers: { authorization: 'Bearer sk-a', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } })
    .then(async (response) => {
      let bytes = 0;
      try {
        for await (const chunk of response.body ?? []) bytes += chunk.length;
      } catch {
        return { status: response.status, bytes, broken: true };
      }
      return { status: response.status, bytes, broken: false };
    });
}

const kHead = 'POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

// Writes `pieces` until Larder ends the connection or takes no more, and returns what it answered.
async function flood(first, piece, { most = 64 << 20, ends = true } = {}) {
  const { hostname, port } = new URL(world.larder.origin);
  const socket = net.connect(Number(port), hostname);
  let answered = '';
  let open = true;
  socket.on('data', (bytes) => { answered += bytes.toString('latin1'); });
  socket.on('error', () => { open = false; });
  socket.on('close', () => { open = false; });
  socket.write(first);
  let sent = 0;
  while (open && sent < most) {
    const block = piece(sent);
    sent += block.length;
    if (socket.write(block)) {
      await new Promise((resume) => setImmediate(resume));
      continue;
    }
    const stuck = await Promise.race([once(socket, 'drain').then(() => false, () => false), once(socket, 'close').then(() => false),
      new Promise((resume) => setTimeout(() => resume(true), 1500))]);
    if (stuck) break;
  }
  if (ends && open) await within(kPatienceMs, 'Larder ends the connection', once(socket, 'close'));
  socket.destroy();
  return { status: Number(answered.slice(9, 12)), sent, answered };
}

const kBlock = Buffer.alloc(64 * 1024, 'a');

test('heads without an end are refused at their limits', kLimits, async () => {
  const kCases = [
    ['a request line', 'GET /v1/', () => kBlock, 414],
    ['a field', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ', () => kBlock, 431],
    ['a name', 'GET / HTTP/1.1\r\nHost: x\r\n', () => kBlock, 431],
    ['fields', 'GET / HTTP/1.1\r\nHost: x\r\n', () => Buffer.from('a:b\r\n'.repeat(10_000)), 431],
    ['empty lines', '', () => Buffer.from('\r\n'.repeat(30_000)), 400],
    ['a query of escapes', 'GET /v1/files?a=', () => Buffer.from('%25'.repeat(20_000)), 414],
  ];
  for (const [what, first, piece, status] of kCases) {
    await harmless(`endless ${what}`, async () => {
      const { status: got, sent } = await flood(first, piece);
      assert.ok(got === status || got === 0 || Number.isNaN(got), `${what}: ${got}`);
      assert.ok(sent < 16 << 20, `${what}: took ${sent} bytes`);
    });
  }
});

test('a path of escaped escapes costs no time', kLimits, async () => {
  const begin = performance.now();
  for (let i = 0; i < 20; ++i) await post(`/v1/files/%${'25'.repeat(7000)}`, undefined, { method: 'GET' });
  assert.ok(performance.now() - begin < 2000);
});

test('bodies that are announced too large are refused before they come', kLimits, async () => {
  for (const length of ['1099511627776', '99999999999999999', '26214401']) {
    await harmless(`length ${length}`, async () => {
      const { status } = await flood(`${kHead}Content-Length: ${length}\r\n\r\n`, () => kBlock);
      assert.ok(status === 413 || status === 0 || Number.isNaN(status), `${status}`);
    });
  }
});

test('a terabyte for an upstream that takes nothing is held back at the sender', kLimits, async () => {
  answer = () => {};  // never reads
  await harmless('an upload that nobody takes', async () => {
    const first = 'POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\n';
    const { sent } = await flood(first, () => kBlock, { most: 256 << 20, ends: false });
    assert.ok(sent < 64 << 20, `took ${sent}`);
  });
});

test('chunks without sense are refused or cost no memory', kLimits, async () => {
  const head = `${kHead}Transfer-Encoding: chunked\r\n\r\n`;
  const kCases = [
    ['an extension without end', `${head}1;a=`, () => kBlock, 400],
    ['a size without end', head, () => Buffer.alloc(64 * 1024, '0'), 400],
    ['extensions without end', `${head}1`, () => Buffer.from(';a=b'.repeat(10_000)), 400],
    ['trailers without end', `${head}0\r\n`, () => Buffer.from('a: b\r\n'.repeat(10_000)), 400],
  ];
  for (const [what, first, piece, status] of kCases) {
    await harmless(what, async () => {
      const { status: got } = await flood(first, piece);
      assert.ok(got === status || got === 0 || Number.isNaN(got), `${what}: ${got}`);
    });
  }
  await harmless('a million chunks of a byte', async () => {
    const body = Buffer.concat([Buffer.from(head), Buffer.from('1\r\na\r\n'.repeat(1_000_000)), Buffer.from('0\r\n\r\n')]);
    const begin = performance.now();
    const { answered } = await flood('', () => body, { most: 1, ends: false });
    assert.ok(performance.now() - begin < 10_000, answered);
  });
});

test('requests that nobody reads the answers of are not taken in', kLimits, async () => {
  await harmless('a pipeline', async () => {
    const { hostname, port } = new URL(world.larder.origin);
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.pause();
    const many = Buffer.from('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2000));
    let stuck = false;
    for (let i = 0; i < 500 && !stuck; ++i) {
      if (socket.write(many)) continue;
      stuck = await Promise.race([once(socket, 'drain').then(() => false), new Promise((resume) => setTimeout(() => resume(true), 1000))]);
    }
    assert.ok(stuck, 'it took 40 MB of requests');
    socket.destroy();
  });
});

test('slow senders are let go, and others are served meanwhile', kLimits, async () => {
  const { hostname, port } = new URL(world.larder.origin);
  await harmless('300 slow senders', async () => {
    const sockets = Array.from({ length: 300 }, (_, i) => {
      const socket = net.connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.write(i % 2 === 0 ? 'GET / HTT' : `${kHead}Content-Length: 100\r\n\r\n{"model"`);
      return socket;
    });
    const drip = setInterval(() => sockets.forEach((socket, i) => i % 2 === 0 && socket.writable && socket.write('P')), 300);
    const begin = performance.now();
    assert.equal((await post('/livez', undefined, { method: 'GET' })).status, 200);
    assert.ok(performance.now() - begin < 2000);
    sockets.forEach((socket) => socket.resume());
    await within(kPatienceMs, 'all slow senders are let go', Promise.all(sockets.map((socket) => socket.destroyed || once(socket, 'close'))));
    clearInterval(drip);
  });
});

// Every path that reads JSON. Bodies up to some 300 KB: to parse JSON takes up to 12 times its size (docs/security.md).
const kJsonPaths = ['/v1/embeddings', '/v1/chat/completions', '/v1/completions', '/v1/responses', '/v1/moderations',
  '/v1/messages', '/v1/search', 'PUT /v1/collections/c', '/v1/collections/c/upsert', '/v1/collections/c/delete',
  '/v1/collections/c/get', '/v1/vector_stores/c/search', '/openai/deployments/d/embeddings',
  ...['', '/c/upsert', '/c/insert', '/c/query', '/c/get_by_ids', '/c/delete_by_ids'].map((path) => `/client/v4/accounts/a/vectorize/v2/indexes${path}`),
  ...['purge', 'warm', 'import', 'explain', 'keys'].map((path) => `/admin/v1/${path}`)];
const ask = (path, body, headers) => (path.startsWith('PUT ') ? post(path.slice(4), body, { method: 'PUT', headers }) : post(path, body, { headers }));

test('JSON that is deep, long or full of odd numbers is refused everywhere', kLimits, async () => {
  answer = (request, response) => { request.resume(); response.statusCode = 400; response.end('{"error":{"message":"no"}}'); };
  await ask('PUT /v1/collections/c', '{"dimensions":2}');
  const deep = 100_000;
  const kBodies = [
    '['.repeat(deep), '[['.repeat(deep) + ']]'.repeat(deep), '{"a":'.repeat(deep), `{"model":"m","input":${'['.repeat(deep)}`,
    `{"model":"m","input":"a","x":${'[1,'.repeat(deep)}`, `{"model":"m","query":"a","filter":${'{"$and":['.repeat(2000)}${']}'.repeat(2000)}}`,
    `{"query":"a","filters":${'{"type":"and","filters":['.repeat(3000)}${']}'.repeat(3000)}}`,
    `{"points":[{"id":"a","values":[1,2],"metadata":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}]}`,
    `{"model":"m","input":[${'"a",'.repeat(75_000)}"a"]}`, `{"model":"m","input":[${'[1],'.repeat(50_000)}[1]]}`,
    `{"model":"m","query":"a","filter":{"a":{"$in":[${'1,'.repeat(100_000)}1]}}}`,
    `{"ids":[${'"a",'.repeat(100_000)}"a"]}`, `{"model":"m","query":[${'0.1,'.repeat(75_000)}0.1]}`,
    `{"model":"m","query":"a","top_k":1e18,"ef_search":1e18,"dimensions":1e18}`, `{"model":"m","input":"a","dimensions":${'9'.repeat(100_000)}}`,
    `{"model":"m","input":"a","x":0.${'1'.repeat(300_000)}}`, `{"model":"m","input":"a","x":1e999999999}`, `{"dimensions":1e18,"metric":"cosine"}`,
    `{${Array.from({ length: 50_000 }, (_, i) => `"a${i}":1`).join()}}`, '"', '\\u'.repeat(100_000), `"${'\\u0000'.repeat(50_000)}"`,
    `{"older_than_s":1e300}`, `{"model":"${'*a'.repeat(50_000)}*b","dry_run":true}`,
  ];
  for (const path of kJsonPaths) {
    await harmless(`JSON to ${path}`, async () => {
      const begin = performance.now();
      for (const body of kBodies) {
        const { status, bytes } = await ask(path, body);
        // A search of vectors that nobody has, or a warm-up that says which line is wrong, may be answered.
        assert.ok((status >= 400 && status !== 500) || (status === 200 && bytes < 2000), `${path} ${body.slice(0, 40)}: ${status}`);
      }
      assert.ok(performance.now() - begin < 20_000, path);
    });
  }
});

test('what a client compresses is never expanded', kLimits, async () => {
  answer = (request, response) => { request.resume(); request.on('end', () => response.end('{}')); };
  const bomb = gzipSync(Buffer.alloc(256 << 20));
  for (const path of kJsonPaths) {
    await harmless(`gzip to ${path}`, () => ask(path, bomb, { 'content-encoding': 'gzip' }));
  }
});

// 1 GiB of the byte in gzip, made as it is sent.
function sendBomb(response, headers, prefix = '') {
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', ...headers });
  const gzip = createGzip();
  gzip.pipe(response);
  response.on('close', () => gzip.destroy());
  gzip.on('error', () => {});
  gzip.write(prefix);
  const zeros = Buffer.alloc(1 << 20, '0');
  let left = 1024;
  const more = () => {
    while (left > 0 && !gzip.destroyed) {
      left -= 1;
      if (!gzip.write(zeros)) return gzip.once('drain', more);
    }
    if (!gzip.destroyed) gzip.end();
    return undefined;
  };
  more();
}

test('what upstream compresses to a bomb is not taken in', kLimits, async () => {
  const kAsks = [
    ['/v1/embeddings', '{"model":"m","input":"bomb"}'], ['/v1/chat/completions', '{"model":"m","messages":["bomb"]}'],
    ['/v1/responses', '{"model":"m","input":"bomb"}'], ['/v1/moderations', '{"model":"m","input":"bomb"}'],
    ['/v1/search', '{"model":"m","query":"bomb"}'],
  ];
  for (const [path, body] of kAsks) {
    answer = (request, response) => { request.resume(); sendBomb(response, {}); };
    await harmless(`a bomb from upstream for ${path}`, async () => {
      const { status, bytes, broken } = await ask(path, body);
      assert.ok(status === 502 || broken, `${path}: ${status}, ${bytes} bytes`);
    });
  }
  answer = (request, response) => {
    request.resume();
    sendBomb(response, { 'content-type': 'text/event-stream' }, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: ');
  };
  await harmless('a bomb in a stream', async () => {
    const { broken, bytes } = await ask('/v1/chat/completions', '{"model":"m","stream":true,"messages":["bomb"]}');
    assert.ok(broken || bytes < 16 << 20, `${bytes} bytes`);
  });
});

test('answers without end or of a terabyte pass in pieces or are refused', kLimits, async () => {
  const raw = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
      const kKinds = {
        head: [head + 'X-A: ', Buffer.alloc(1 << 16, 'a')], fields: [head, Buffer.from('a: b\r\n'.repeat(10_000))],
        interim: ['', Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3000))],
        extension: [`${head}Transfer-Encoding: chunked\r\n\r\n1;`, Buffer.alloc(1 << 16, 'a')],
        trailers: [`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n`, Buffer.from('a: b\r\n'.repeat(10_000))],
      };
      const [first, piece] = kKinds[raw.kind];
      socket.write(first);
      const more = () => { while (!socket.destroyed && socket.write(piece)); };
      socket.on('drain', more);
      more();
    });
  });
  raw.listen(0, '127.0.0.1');
  await once(raw, 'listening');
  const other = await startLarder({ upstream: `http://127.0.0.1:${raw.address().port}/v1`, config: kConfig });
  const own = world.larder;
  world.larder = other;
  try {
    for (const kind of ['head', 'fields', 'interim', 'extension', 'trailers']) {
      raw.kind = kind;
      await harmless(`upstream's endless ${kind}`, async () => {
        const { status, broken } = await ask('/v1/embeddings', `{"model":"m","input":"${kind}"}`);
        assert.ok(status === 502 || broken, `${kind}: ${status}`);
        const chat = await ask('/v1/chat/completions', `{"model":"m","messages":["${kind}"]}`);
        assert.ok(chat.status === 502 || chat.broken, `${kind}: ${chat.status}`);
      });
    }
  } finally {
    world.larder = own;
    await other.dispose();
    raw.close();
  }
});
