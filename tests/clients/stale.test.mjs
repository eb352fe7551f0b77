// Entries past their lifetime: asked for anew, or answering while they are renewed, or when upstream fails. The
// lifetime is a second here, and no test depends on how much of it has passed: each waits for the fact it needs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { kApis, sendTo } from './support/apis.mjs';
import { cacheStatusOf } from './support/client.mjs';
import { errorAnswer, stormAnswer } from './support/fake_errors.mjs';
import { limits, setUp } from './support/setup.mjs';
import { startLarder } from './support/larder.mjs';
import { eventually } from './support/waiting.mjs';

const configOf = (whileRevalidate) => `[cache.responses]
lifetime_s = 1
models_lifetime_s = 1
stale_while_revalidate_s = ${whileRevalidate}
stale_if_error_s = 3600
`;
const kStaleApis = kApis.filter(({ name }) => name !== 'embeddings' && name !== 'models');
const control = (directives) => ({ headers: { 'cache-control': directives } });

// world.renewing: another Larder before the same upstream, which answers while it revalidates.
const world = setUp({
  config: configOf(0),
  begin: async (started) => {
    started.renewing = await startLarder({ upstream: started.upstream.url, config: configOf(3600) });
  },
  end: (started) => started.renewing?.dispose(),
});

async function ask(api, text, options, server = world.larder) {
  const response = await sendTo(api, server, text, options);
  const body = await response.text();
  const { status, headers } = response;
  return { status, id: api.idOf(body), cache: cacheStatusOf(headers), headers };
}

// Stores an answer of each API and waits until all are stale. Asking only the cache changes nothing in it.
// -> [{ api, text, id }].
async function storeStale(name) {
  const stored = await Promise.all(kStaleApis.map(async (api) => {
    const text = `${name} ${api.name}`;
    return { api, text, id: (await ask(api, text)).id };
  }));
  for (const { api, text } of stored) {
    await eventually(20_000, 'the entry is stale', async () =>
      (await ask(api, text, control('only-if-cached'))).status === 504);
  }
  world.upstream.reset();
  return stored;
}

test('RFC 9111, 4.2: a stale entry is asked for anew, and the new one answers', limits, async (t) => {
  for (const { api, text, id } of await storeStale(t.name)) {
    const renewed = await ask(api, text);
    assert.equal(renewed.cache.fwd, 'stale', api.name);
    assert.notEqual(renewed.id, id, api.name);
  }
  assert.equal(world.upstream.requests.length, kStaleApis.length);
});

test('RFC 9111, 5.2.1.2 max-stale: a stale entry answers who takes it', limits, async (t) => {
  for (const { api, text, id } of await storeStale(t.name)) {
    for (const directives of ['max-stale', 'max-stale=3000', 'only-if-cached, max-stale']) {
      const taken = await ask(api, text, control(directives));
      assert.equal(taken.id, id, `${api.name}, ${directives}`);
      assert.equal(taken.cache.hit, true, `${api.name}, ${directives}`);
      assert.ok(taken.cache.ttl <= 0, `${api.name}, ${directives}`);
    }
  }
  assert.equal(world.upstream.requests.length, 0);
});

test('RFC 5861, 4 stale-if-error: a stale entry answers for an upstream that fails', limits, async (t) => {
  for (const { api, text, id } of await storeStale(t.name)) {
    for (const status of [500, 502, 503, 504]) {
      world.upstream.misbehave(errorAnswer(status, 'no'));
      const saved = await ask(api, text);
      assert.equal(saved.status, 200, `${api.name}, ${status}`);
      assert.equal(saved.id, id, `${api.name}, ${status}`);
      assert.equal(saved.cache.fwd, 'stale', `${api.name}, ${status}`);
      assert.equal(saved.cache['fwd-status'], status, api.name);
      assert.match(saved.cache.detail, /stale-if-error/, api.name);
      assert.equal(saved.headers.get('cf-aig-cache-status'), 'HIT', `${api.name}, ${status}`);
      assert.match(saved.headers.get('age'), /^\d+$/, `${api.name}, ${status}`);
    }
    world.upstream.misbehave((request, response) => response.destroy());
    assert.equal((await ask(api, text)).id, id, `${api.name}, a broken connection`);
    world.upstream.behave();
    assert.notEqual((await ask(api, text)).id, id, `${api.name}, the storm is over`);
  }
});

test('RFC 5861, 4 stale-if-error: what is the client\'s fault is the answer', limits, async (t) => {
  for (const { api, text } of await storeStale(t.name)) {
    for (const status of [400, 401, 403, 404, 429]) {
      world.upstream.misbehave(errorAnswer(status, 'no'));
      assert.equal((await ask(api, text)).status, status, api.name);
    }
  }
});

test('RFC 9111, 4.2.4: who forbids a stale answer gets the error', limits, async (t) => {
  for (const { api, text } of await storeStale(t.name)) {
    world.upstream.misbehave(errorAnswer(503, 'no'));
    for (const directives of ['no-cache', 'no-store', 'min-fresh=1', 'max-age=1']) {
      assert.equal((await ask(api, text, control(directives))).status, 503, `${api.name}, ${directives}`);
    }
  }
});

test('RFC 5861, 3 stale-while-revalidate: a stale entry answers at once and is renewed behind', limits, async (t) => {
  await Promise.all(kStaleApis.map(async (api) => {
    const text = `${t.name} ${api.name}`;
    const first = await ask(api, text, {}, world.renewing);
    let stale;
    await eventually(20_000, 'a stale answer', async () => {
      stale = await ask(api, text, {}, world.renewing);
      assert.equal(stale.headers.get('cf-aig-cache-status'), 'HIT', api.name);
      return /stale-while-revalidate/.test(stale.cache.detail ?? '');
    });
    assert.equal(stale.id, first.id, api.name);
    assert.equal(stale.cache.hit, true, api.name);
    assert.ok(stale.cache.ttl <= 0, `${api.name}, ttl=${stale.cache.ttl}`);
    await eventually(20_000, 'the renewed answer', async () => {
      const next = await ask(api, text, {}, world.renewing);
      assert.equal(next.headers.get('cf-aig-cache-status'), 'HIT', 'nobody waits for the renewal');
      return next.id !== first.id;
    });
  }));
});

test('RFC 5861, 3 stale-while-revalidate: a renewal that fails leaves the entry', limits, async (t) => {
  const [api] = kStaleApis;
  const first = await ask(api, t.name, {}, world.renewing);
  await eventually(20_000, 'the entry is stale', async () =>
    (await ask(api, t.name, control('only-if-cached'), world.renewing)).cache.ttl <= 0);
  world.upstream.reset();
  world.upstream.misbehave(stormAnswer(1, errorAnswer(500, 'no'), errorAnswer(401, 'no')));
  for (const round of [1, 2, 3]) {
    await ask(api, t.name, {}, world.renewing).then(({ id }) => assert.equal(id, first.id, `round ${round}`));
    await world.upstream.until('the renewal', () => world.upstream.requests.length >= 1);
  }
});
