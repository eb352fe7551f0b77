// The command line against a running server: what one verb does, another one sees.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cacheStatusOf, send } from './support/client.mjs';
import { startLarder } from './support/larder.mjs';
import { limits } from './support/setup.mjs';
import { eventually } from './support/waiting.mjs';

const kBinary = process.env.LARDER_BINARY ||
  fileURLToPath(new URL('../../build/release/larder', import.meta.url));
let larder;
let folder;
before(async () => {
  larder = await startLarder({ upstream: 'builtin' });
  folder = await mkdtemp(path.join(tmpdir(), 'larder-verbs-'));
}, limits);
after(async () => {
  await larder?.dispose();
  await rm(folder, { recursive: true, force: true });
}, limits);

const file = (name) => path.join(folder, name);

// -> { status, out, err }. whileRunning(child): called once it has started.
async function run(args, { input = '', whileRunning } = {}) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENAI|LARDER)_/.test(name)));
  const child = spawn(kBinary, [args[0], '--server', larder.origin, ...args.slice(1)], { env: environment });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
  child.stdin.on('error', () => {}).end(input);
  const ended = new Promise((resolve) => child.on('close', (status) => resolve({ status, out, err })));
  await whileRunning?.(child);
  return ended;
}
async function succeeds(args, options) {
  const { status, out, err } = await run(args, options);
  assert.equal(status, 0, `${args.join(' ')}: ${err}`);
  return out;
}
const stats = async () => JSON.parse(await succeeds(['stats', '--json']));
const ask = async (path, body, key = null) => {
  const answer = await send(`${larder.url}/${path}`, { body, apiKey: key });
  return { status: answer.status, text: await answer.text(), cache: cacheStatusOf(answer.headers) };
};
const kChat = { model: 'larder-echo', messages: [{ role: 'user', content: 'what is in the larder?' }] };

test('a warming of 100,000 lines that is interrupted and resumed embeds each once', limits, async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `shelf ${i} of the larder`);
  await writeFile(file('lines.txt'), lines.join('\n'));
  const first = await run(['warm', file('lines.txt')], {
    whileRunning: async (child) => {
      await eventually(20_000, 'some are embedded', async () => (await stats()).embeddings.inputs > 5000);
      child.kill('SIGINT');
    } });
  assert.equal(first.status, 130, first.err);
  const before = (await stats()).embeddings;
  assert.ok(before.inputs < 100_000, 'it was interrupted before its end');
  await succeeds(['warm', file('lines.txt')]);
  const { inputs, input_hits: hits } = (await stats()).embeddings;
  assert.equal(inputs - hits, 100_000, 'each was embedded once');
  assert.ok(inputs < 105_000, 'what was done was not asked for again');
});

test('what was exported, purged and imported answers as before', limits, async () => {
  const chat = await ask('chat/completions', kChat);
  const streamed = await ask('chat/completions', { ...kChat, messages: [{ role: 'user', content: 'and streamed?' }], stream: true });
  const vector = await ask('embeddings', { model: 'larder-hash-384', input: 'bread and salt' });
  await succeeds(['export', '-o', file('all.jsonl')]);
  assert.match(await succeeds(['purge', '--all', '--yes']), /removed/);
  assert.equal((await ask('chat/completions', { ...kChat }, null)).cache.hit, undefined);
  await succeeds(['purge', '--all', '--yes']);
  await succeeds(['import', file('all.jsonl')]);
  for (const [path, body, was] of [['chat/completions', kChat, chat],
                                   ['chat/completions', { ...kChat, messages: [{ role: 'user', content: 'and streamed?' }], stream: true }, streamed],
                                   ['embeddings', { model: 'larder-hash-384', input: 'bread and salt' }, vector]]) {
    const now = await ask(path, body);
    assert.equal(now.cache.hit, true, path);
    assert.equal(now.text, was.text, path);
  }
});

test('vectors go out as a NumPy matrix and come back under their texts', limits, async () => {
  await succeeds(['purge', '--all', '--yes']);
  await ask('embeddings', { model: 'larder-hash-384', input: ['one', 'two', 'three'] });
  const was = await ask('embeddings', { model: 'larder-hash-384', input: 'two' });
  await succeeds(['export', '--format', 'npy', '-o', file('v.npy')]);
  const bytes = await readFile(file('v.npy'));
  assert.equal(bytes.subarray(0, 6).toString('latin1'), '\x93NUMPY');
  assert.match(bytes.subarray(10, 128).toString('latin1'), /'descr': '<f4'.*'shape': \(3, 384\)/);
  await succeeds(['purge', '--all', '--yes']);
  await succeeds(['import', file('v.npy'), '--format', 'npy', '--ids', file('v.ids.jsonl'), '--model', 'larder-hash-384']);
  const now = await ask('embeddings', { model: 'larder-hash-384', input: 'two' });
  assert.equal(now.cache.hit, true);
  const floats = ({ text }) => JSON.parse(text).data[0].embedding.map(Math.fround);
  assert.deepEqual(floats(now), floats(was));
});

test('a key that was created opens the API until it is revoked', limits, async () => {
  const made = JSON.parse(await succeeds(['keys', 'create', 'ci', '--tenant', 'acme', '--json']));
  const body = { model: 'larder-hash-384', input: 'a text of acme' };
  assert.equal((await ask('embeddings', body, made.secret)).status, 200);
  assert.equal((await ask('embeddings', body, made.secret)).cache.hit, true);
  assert.match(await succeeds(['keys', 'list']), /ci/);
  await succeeds(['keys', 'revoke', made.id]);
  assert.equal((await ask('embeddings', body, made.secret)).status, 401);
});

test('explain says what then happens, and tail shows it', limits, async () => {
  const body = JSON.stringify({ ...kChat, temperature: 0.25 });
  const explain = async () =>
    JSON.parse(await succeeds(['explain', '--json', '--path', '/v1/chat/completions', '-'], { input: body }));
  assert.equal((await explain()).would, 'miss');
  await ask('chat/completions', body);
  assert.equal((await explain()).would, 'hit');
  const seen = (await succeeds(['tail', '--recent', '1', '--no-follow', '--json'])).trim().split('\n');
  const last = JSON.parse(seen.at(-1));
  assert.equal(last.route, 'chat');
  assert.equal(last.outcome, 'miss');
  assert.equal(last.key, (await explain()).key);
});

test('what is wrong is told with what to do, and by the exit status', limits, async () => {
  const usage = await run(['purge', '--layer', 'nothing']);
  assert.equal(usage.status, 2);
  const nothing = await run(['purge']);
  assert.notEqual(nothing.status, 0);
  const missing = await run(['import', file('none.jsonl')]);
  assert.equal(missing.status, 1);
  assert.match(missing.err, /cannot read/);
});
