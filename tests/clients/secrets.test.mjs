// Nothing secret shows: planted keys, tokens and texts, traffic of every kind with them, and then a look at every byte
// that Larder left anywhere: data directory, logs, metrics, admin answers, error bodies, its command line.
//
// A further secret is a member of `secrets`, with traffic that brings it in touch with Larder in `traffic`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFakeUpstream } from './support/fake_upstream.mjs';
import { startLarder } from './support/larder.mjs';

const kLimits = { timeout: 120_000 };
const kBinary = process.env.LARDER_BINARY || fileURLToPath(new URL('../../build/release/larder', import.meta.url));
const run = promisify(execFile);

// Never to be seen anywhere.
const secrets = {
  'provider key': 'sk-planted-provider-51f0c2aa9e',
  'admin token': 'planted-admin-token-7be1d09c44',
  'wrong admin token': 'planted-wrong-token-2f66a1d0b3',
  'pass-through key': 'sk-planted-passed-8c3e77f1d2',
  'key in a parameter': 'sk-planted-parameter-90b4e6',
  'key in a cookie': 'planted-cookie-6a1be0c7',
  'unknown client key': 'lk_planted0unknown0b91c3d7e5',
  'key in a broken body': 'sk-planted-broken-c0ffee11',
  'key of a second upstream': 'sk-planted-second-3d9a60b8',
  'key among protocols': 'sk-planted-protocol-e7d20',
};
// Never to be seen but in the store, where store_inputs is on and for answers.
const texts = {
  'embedded text': 'planted text marzipan nightingale',
  'searched text': 'planted query cobalt harpsichord',
  'prompt': 'planted prompt velvet armadillo',
  'prompt that is refused': 'planted refusal turquoise walrus',
  'text of a broken body': 'planted breakage saffron pelican',
};

// In which forms a secret could show.
function formsOf(secret) {
  const bytes = Buffer.from(secret);
  const inner = (text) => text.replace(/=+$/, '');
  return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(inner(bytes.toString('base64')).slice(0, -2)),
          Buffer.from(encodeURIComponent(secret))];
}
function found(bytes, planted) {
  return Object.entries(planted).filter(([, secret]) => formsOf(secret).some((form) => bytes.includes(form))).map(([name]) => name);
}
// The lines with what should not be there make the message.
function mustNotShow(where, bytes, planted) {
  if (found(bytes, planted).length === 0) return;
  for (const line of bytes.toString('latin1').split('\n')) {
    assert.deepEqual(found(Buffer.from(line, 'latin1'), planted), [], `${where}: ${line}`);
  }
}
const seen = [];  // [where, bytes] of all that came back or is written
function note(where, bytes) { seen.push([where, Buffer.from(bytes)]); }

async function filesBelow(folder) {
  const files = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) files.push(...await filesBelow(name));
    else if (entry.isFile()) files.push(name);
  }
  return files;
}

let upstream;
before(async () => { upstream = await startFakeUpstream(); }, kLimits);
after(() => upstream.stop(), kLimits);

const kConfig = (storeInputs) => `
[upstream]
api_key_env = "PLANTED_PROVIDER_KEY"
[[upstreams]]
name = "second"
url = "UPSTREAM"
models = ["second-*"]
api_key_env = "PLANTED_SECOND_KEY"
[[upstreams]]
name = "through"
url = "UPSTREAM"
models = ["through-*"]
[[upstreams]]
name = "down"
url = "http://127.0.0.1:9/v1"
models = ["down-*"]
[cache.embeddings]
store_inputs = ${storeInputs}
[log]
level = "debug"
`;

// Everything that clients and operators do, wrong things too. Each answer is noted.
async function traffic(larder) {
  const call = async (what, target, { method = 'POST', headers = {}, body } = {}) => {
    const response = await fetch(larder.origin + target, { method, headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      body: typeof body === 'object' ? JSON.stringify(body) : body, redirect: 'manual', signal: AbortSignal.timeout(20_000) });
    const text = await response.text();
    note(`answer to ${what}`, `${response.status} ${[...response.headers].map((field) => field.join(': ')).join('\n')}\n${text}`);
    return { status: response.status, text };
  };
  const bearer = (key) => ({ authorization: `Bearer ${key}` });
  const admin = (target, options = {}) => call(target, `/admin/v1/${target}`, { method: 'GET', headers: bearer(secrets['admin token']), ...options });

  // A key that Larder gives out: shown this once, and from here on a secret.
  const made = await fetch(`${larder.origin}/admin/v1/keys`, { method: 'POST', body: '{"name":"n","tenant":"acme"}',
    headers: { ...bearer(secrets['admin token']), 'content-type': 'application/json' } });
  assert.equal(made.status, 201);
  secrets['client key'] = (await made.json()).secret;

  const embed = (model, input) => ({ model, input });
  const chat = (model, content, more = {}) => ({ model, messages: [{ role: 'user', content }], ...more });
  for (const [name, headers, query] of [
    ['a client key', bearer(secrets['client key']), ''], ['a passed key', bearer(secrets['pass-through key']), ''],
    ['x-api-key', { 'x-api-key': secrets['pass-through key'] }, ''], ['a parameter', {}, `?key=${secrets['key in a parameter']}`],
    ['a cookie', { cookie: `session=${secrets['key in a cookie']}` }, ''],
  ]) {
    for (const model of ['m', 'second-m', 'through-m', 'down-m']) {
      for (let i = 0; i < 2; ++i) {
        await call(`embeddings with ${name}`, `/v1/embeddings${query}`, { headers, body: embed(model, [texts['embedded text'], 'other']) });
        await call(`chat with ${name}`, `/v1/chat/completions${query}`, { headers, body: chat(model, texts.prompt) });
        await call(`stream with ${name}`, `/v1/chat/completions${query}`, { headers, body: chat(model, texts.prompt, { stream: true }) });
      }
      await call(`responses with ${name}`, `/v1/responses${query}`, { headers, body: embed(model, texts.prompt) });
    }
    await call(`files with ${name}`, `/v1/files${query}`, { method: 'GET', headers });
    await call(`models with ${name}`, `/v1/models${query}`, { method: 'GET', headers });
    await call(`a search with ${name}`, `/v1/search${query}`, { headers, body: { model: 'm', query: texts['searched text'] } });
  }
  // Refused, broken and failing.
  await call('an unknown client key', '/v1/embeddings', { headers: bearer(secrets['unknown client key']), body: embed('m', texts['prompt that is refused']) });
  for (const target of ['/v1/embeddings', '/v1/chat/completions', '/v1/responses', '/v1/search', '/v1/collections/c/upsert']) {
    await call(`broken JSON for ${target}`, target, { headers: bearer(secrets['pass-through key']),
      body: `{"model":"m","input":"${texts['text of a broken body']}","key":"${secrets['key in a broken body']}` });
    await call(`wrong JSON for ${target}`, target, { headers: bearer(secrets['pass-through key']),
      body: `{"model":"m","input":{"${secrets['key in a broken body']}":"${texts['text of a broken body']}"},"input":1}` });
  }
  await call('a path with a key', `/v1/files/..%2fa?key=${secrets['key in a parameter']}`, { method: 'GET' });
  await call('a wrong directive', '/v1/embeddings', { headers: { ...bearer(secrets['pass-through key']), 'cf-aig-cache-ttl': '1' }, body: embed('m', 'a') });
  upstream.misbehave((request, response) => { response.statusCode = 500; response.end('{"error":{"message":"down"}}'); });
  await call('a failing upstream', '/v1/embeddings', { headers: bearer(secrets['pass-through key']), body: embed('through-m', texts['prompt that is refused']) });
  upstream.misbehave((request, response) => response.destroy());
  await call('a broken upstream', '/v1/chat/completions', { headers: bearer(secrets['client key']), body: chat('m', texts['prompt that is refused']) });
  upstream.misbehave((request, response) => { response.writeHead(401); response.end('{"error":{"message":"no"}}'); });
  await call('a refusing upstream', '/v1/chat/completions', { headers: bearer(secrets['client key']), body: chat('m', texts['prompt that is refused']) });
  upstream.behave();
  const socket = http.get({ ...hostOf(larder), path: '/v1/realtime?model=m', headers: { connection: 'Upgrade', upgrade: 'websocket',
    'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': `realtime, openai-insecure-api-key.${secrets['key among protocols']}` } });
  await Promise.race([once(socket, 'response'), once(socket, 'upgrade'), once(socket, 'error').catch(() => {})]);
  socket.destroy();
  await rawly(larder, `GET /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer ${secrets['key in a broken body']}\r\n\r\n`);
  await rawly(larder, `GET /v1/files?key=${secrets['key in a broken body']} HTTP/9.9\r\n\r\n`);

  // Operators.
  for (const target of ['stats', 'timeseries?window=1h', 'config', 'entries?layer=responses', 'keys', 'upstreams', 'maintenance', 'nowhere']) await admin(target);
  await call('a wrong admin token', '/admin/v1/stats', { method: 'GET', headers: bearer(secrets['wrong admin token']) });
  await call('a wrong admin cookie', '/admin/v1/stats', { method: 'GET', headers: { cookie: `larder_admin=${secrets['wrong admin token']}` } });
  await admin('explain', { method: 'POST', body: { path: '/v1/embeddings', headers: bearer(secrets['pass-through key']), body: embed('m', 'a') } });
  await admin('purge', { method: 'POST', body: `{"key":"${secrets['key in a broken body']}"}` });
  await admin('keys', { method: 'POST', body: `{"name":"${'n'.repeat(200)}","tenant":"${secrets['key in a broken body']} "}` });
  for (const page of ['/', '/dashboard/', '/metrics', '/readyz', '/livez', '/healthz', '/nowhere']) await call(page, page, { method: 'GET' });
}

const hostOf = (larder) => ({ host: '127.0.0.1', port: new URL(larder.origin).port });
async function rawly(larder, bytes) {
  const net = await import('node:net');
  const { host, port } = hostOf(larder);
  const socket = net.connect(Number(port), host);
  let answer = '';
  socket.on('data', (data) => { answer += data.toString('latin1'); });
  socket.write(bytes);
  await once(socket, 'close');
  note('raw answer', answer);
}

async function verbs(larder, env, home) {
  const config = ['--config', path.join(home, 'larder.toml')];
  for (const args of [['print-config', ...config], ['check-config', ...config], ['stats', '--server', larder.origin], ['keys', 'list', '--server', larder.origin],
                      ['purge', '--server', larder.origin, '--key', secrets['unknown client key']], ['explain', '--server', larder.origin, '/v1/models'],
                      ['stats', '--server', 'http://127.0.0.1:9'], ['version'], ['nonsense', secrets['unknown client key'].slice(0, 3)]]) {
    const { stdout, stderr } = await run(kBinary, args, { env: { PATH: process.env.PATH, ...env }, timeout: 20_000 }).catch((error) => error);
    note(`larder ${args[0]}`, `${stdout}${stderr}`);
  }
}

for (const [format, storeInputs] of [['json', true], ['text', false]]) {
  test(`${format} logs, store_inputs = ${storeInputs}: no planted secret shows anywhere`, kLimits, async () => {
    seen.length = 0;
    const env = { PLANTED_PROVIDER_KEY: secrets['provider key'], PLANTED_SECOND_KEY: secrets['key of a second upstream'],
                  LARDER_ADMIN_TOKEN: secrets['admin token'] };
    const larder = await startLarder({ upstream: upstream.url, env, args: ['--log-format', format],
                                       config: kConfig(storeInputs).replaceAll('UPSTREAM', upstream.url) });
    let home;
    try {
      const command = (await readFile(`/proc/${larder.pid}/cmdline`)).toString('latin1');
      note('command line', command);
      const data = command.split('\0')[command.split('\0').indexOf('--data-dir') + 1];
      home = path.dirname(data);
      await traffic(larder);
      await verbs(larder, env, home);
      await larder.kill();  // what is in no table yet stands in the logs of the databases as it is
      note('log', larder.stderr);
      note('standard output', larder.stdout);
      const stored = [];
      for (const file of await filesBelow(data)) {
        const bytes = await readFile(file);
        assert.deepEqual(found(bytes, secrets), [], `${file} holds a secret`);
        stored.push(...found(bytes, texts));
      }
      for (const [where, bytes] of seen) {
        mustNotShow(where, bytes, secrets);
        // The answers of those who asked have the texts.
        if (!/^answer to/.test(where)) mustNotShow(where, bytes, texts);
      }
      // With store_inputs the scan finds what it should, so it can find.
      assert.equal(stored.includes('embedded text'), storeInputs, `found ${stored}`);
      assert.deepEqual(stored.filter((name) => !['embedded text', 'searched text'].includes(name)), []);
      assert.ok(seen.length > 100);
      assert.ok(larder.stderr.length > 10_000, 'the log has lines');
      // And upstream did get what it should.
      const sent = upstream.requests.map((request) => JSON.stringify(request.headers)).join('\n');
      for (const name of ['provider key', 'key of a second upstream', 'pass-through key']) assert.ok(sent.includes(secrets[name]), name);
      assert.ok(!sent.includes(secrets['client key']), 'a client key went up');
      assert.ok(!sent.includes(secrets['admin token']), 'the admin token went up');
    } finally {
      await larder.dispose();
      upstream.reset();
    }
  });
}
