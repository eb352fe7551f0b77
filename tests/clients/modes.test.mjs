// --mode: a test suite records the answers of its provider once and replays them ever after.
import assert from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import { kApis, sendTo } from './support/apis.mjs';
import { cacheStatusOf, clientOf, eventsIn, send } from './support/client.mjs';
import { startFakeUpstream } from './support/fake_upstream.mjs';
import { startLarder } from './support/larder.mjs';
import { limits } from './support/setup.mjs';
import { eventually } from './support/waiting.mjs';

let upstream;
before(async () => { upstream = await startFakeUpstream(); }, limits);
beforeEach(() => upstream.reset());
after(() => upstream?.stop(), limits);

// Endpoints that share entries get texts of their own.
async function ask(api, larder, text, options) {
  const response = await sendTo(api, larder, `${text} (${api.name})`, options);
  return { status: response.status, body: await response.text(), cache: cacheStatusOf(response.headers) };
}

async function begin(t, mode, config) {
  const larder = await startLarder({ upstream: upstream.url, runArgs: ['--mode', mode], config });
  t.after(() => larder.dispose());
  return larder;
}
async function restart(larder, mode) {
  await larder.stop();
  await larder.start(['--mode', mode]);
}

test('what was recorded is replayed, and nothing else goes upstream', limits, async (t) => {
  const larder = await begin(t, 'record');
  const recorded = new Map();
  for (const api of kApis) {
    await ask(api, larder, t.name);
    recorded.set(api, await ask(api, larder, t.name));
  }
  assert.equal(upstream.requests.length, 2 * kApis.length, 'recording reads nothing');

  await restart(larder, 'replay');
  upstream.reset();
  for (const api of kApis) {
    const replayed = await ask(api, larder, t.name);
    assert.equal(replayed.cache.hit, true, api.name);
    if (api.keyed) assert.equal(replayed.body, recorded.get(api).body, api.name);
    assert.equal((await ask(api, larder, `${t.name}, another`)).status, 504, api.name);
    for (const directives of ['no-cache', 'no-store', 'max-age=0']) {
      const forced = await ask(api, larder, t.name, { headers: { 'cache-control': directives } });
      assert.equal(forced.status, 200, `${api.name}, ${directives}`);
    }
  }
  const passed = await send(`${larder.url}/files`, { method: 'GET' });
  assert.equal(passed.status, 504, 'nor does what is never cached');
  assert.equal(upstream.requests.length, 0);
});

test('what was recorded in several forms is replayed in each', limits, async (t) => {
  const larder = await begin(t, 'record');
  const ask = (more) => clientOf(larder).chat.completions.create({
    model: 'gpt-test', messages: [{ role: 'user', content: t.name }], ...more });
  const stream = async (more) => eventsIn(await ask({ stream: true, ...more }));
  const withUsage = { stream_options: { include_usage: true } };
  await ask();
  await stream(withUsage);
  await stream();

  await restart(larder, 'replay');
  assert.ok((await ask()).usage, 'usage of the whole answer');
  assert.ok((await stream(withUsage)).at(-1).usage, 'usage of the stream');
  assert.ok((await stream()).length > 0);
});

test('an entry is replayed whatever its age', limits, async (t) => {
  const larder = await begin(t, 'on', '[cache.responses]\nlifetime_s = 1\nstale_while_revalidate_s = 0\n');
  const [api] = kApis;
  const { body } = await ask(api, larder, t.name);
  await eventually(20_000, 'the entry is stale', async () =>
    (await ask(api, larder, t.name, { headers: { 'cache-control': 'only-if-cached' } })).status === 504);
  await restart(larder, 'replay');
  assert.equal((await ask(api, larder, t.name)).body, body);
  assert.equal(upstream.requests.length, 1);
});

test('read-only answers what is cached and stores nothing', limits, async (t) => {
  const larder = await begin(t, 'on');
  for (const api of kApis) await ask(api, larder, t.name);
  await restart(larder, 'read-only');
  upstream.reset();
  for (const api of kApis) {
    assert.equal((await ask(api, larder, t.name)).cache.hit, true, api.name);
    for (const round of [1, 2]) {
      assert.equal((await ask(api, larder, `${t.name}, new`)).cache.fwd, 'miss', `${api.name}, round ${round}`);
    }
  }
  assert.equal(upstream.requests.length, 2 * kApis.length);
});

test('off neither reads nor stores', limits, async (t) => {
  const larder = await begin(t, 'on');
  for (const api of kApis) await ask(api, larder, t.name);
  await restart(larder, 'off');
  upstream.reset();
  for (const api of kApis) {
    for (const round of [1, 2]) {
      assert.equal((await ask(api, larder, t.name)).cache.hit, undefined, `${api.name}, round ${round}`);
    }
  }
  assert.equal(upstream.requests.length, 2 * kApis.length);
});
