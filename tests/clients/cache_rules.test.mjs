// The rules of the cache, one row per directive and rule, named after the section or the header that gives it. Each row
// is run against every cached endpoint.
import assert from 'node:assert/strict';
import test from 'node:test';
import { kApis, sendTo } from './support/apis.mjs';
import { cacheStatusOf } from './support/client.mjs';
import { limits, setUp } from './support/setup.mjs';
import { eventually } from './support/waiting.mjs';

const world = setUp();
const control = (directives) => ({ headers: { 'cache-control': directives } });
const header = (name, value) => ({ headers: { [name]: value } });

// A step is [what is sent, what is seen]. Seen is "miss", "request" or "bypass" (RFC 9211's reasons for asking
// upstream), "hit N" (the answer of step N, from the cache), or a status for an answer that Larder gives by itself.
// An @ in a header's value stands for the endpoint's name: endpoints that share entries must not disturb each other.
const kRules = [
  ['RFC 9111, 4: what was stored answers', [[{}, 'miss'], [{}, 'hit 1'], [{}, 'hit 1']]],

  ['RFC 9111, 5.2.1.1 max-age: an entry that is young enough answers',
   [[{}, 'miss'], [control('max-age=3000'), 'hit 1'], [control('max-age=2147483649'), 'hit 1']]],
  ['RFC 9111, 5.2.1.2 max-stale: a fresh entry answers all the same',
   [[{}, 'miss'], [control('max-stale'), 'hit 1'], [control('max-stale=9'), 'hit 1']]],
  ['RFC 9111, 5.2.1.3 min-fresh: an entry that stays fresh for long enough answers',
   [[{}, 'miss'], [control('min-fresh=30'), 'hit 1']]],
  ['RFC 9111, 5.2.1.3 min-fresh: one that does not is asked for anew, and the new one is stored',
   [[{}, 'miss'], [control('min-fresh=99999999'), 'request'], [{}, 'hit 2']]],
  ['RFC 9111, 5.2.1.4 no-cache: a fresh answer, which is stored',
   [[{}, 'miss'], [control('no-cache'), 'request'], [{}, 'hit 2']]],
  ['RFC 9111, 5.2.1.4 no-cache: with nothing stored, too',
   [[control('no-cache'), 'request'], [{}, 'hit 1']]],
  ['RFC 9111, 5.2.1.5 no-store: nothing is stored, and what is stored stays',
   [[control('no-store'), 'request'], [{}, 'miss'], [control('no-store'), 'request'], [{}, 'hit 2']]],
  ['RFC 9111, 5.2.1.6 no-transform: changes nothing', [[{}, 'miss'], [control('no-transform'), 'hit 1']]],
  ['RFC 9111, 5.2.1.7 only-if-cached: the cache or 504',
   [[control('only-if-cached'), 504], [{}, 'miss'], [control('only-if-cached'), 'hit 2']]],
  ['RFC 9111, 5.2.1.7 only-if-cached with no-cache: nothing can satisfy both',
   [[{}, 'miss'], [control('only-if-cached, no-cache'), 504], [{}, 'hit 1']]],
  ['RFC 9111, 5.2: names of directives have no case',
   [[{}, 'miss'], [control('No-Cache'), 'request'], [control('Only-If-Cached'), 'hit 2']]],
  ['RFC 9111, 5.2: an argument may be quoted', [[{}, 'miss'], [control('max-age="3000"'), 'hit 1']]],
  ['RFC 9111, 5.2: directives stand in a list',
   [[{}, 'miss'], [control('max-age=3000 ,\tno-cache'), 'request'], [{}, 'hit 2']]],
  ['RFC 9111, 5.2.3: unknown directives change nothing',
   [[{}, 'miss'], [control('community="no-cache", stale-if-error=9'), 'hit 1']]],

  ['cf-aig-skip-cache: true goes by the cache and leaves it as it is',
   [[header('cf-aig-skip-cache', 'true'), 'bypass'], [{}, 'miss'], [header('cf-aig-skip-cache', 'true'), 'bypass'],
    [{}, 'hit 2']]],
  ['cf-aig-skip-cache: false changes nothing', [[{}, 'miss'], [header('cf-aig-skip-cache', 'false'), 'hit 1']]],
  ['cf-aig-cache-ttl: shortens the life of what is stored',
   [[header('cf-aig-cache-ttl', '60'), 'miss'], [{}, 'hit 1', { ttl: 60 }]]],
  ['cf-aig-cache-ttl: does not lengthen it',
   [[header('cf-aig-cache-ttl', '2592000'), 'miss'], [{}, 'hit 1', { ttl: 2592000 }]]],
  ['cf-aig-cache-ttl: outside of 60 to 2592000 it is a bad request',
   ['59', '2592001', 'soon', '-60', ''].map((value) => [header('cf-aig-cache-ttl', value), 400])],
  ['cf-aig-cache-key: stands in for the body',
   [[header('cf-aig-cache-key', 'breakfast @'), 'miss'],
    [{ ...header('cf-aig-cache-key', 'breakfast @'), text: 'b' }, 'hit 1'],
    [{ text: 'b' }, 'miss'], [header('cf-aig-cache-key', 'lunch @'), 'miss']], { onlyKeyed: true }],
  ['cf-aig-cache-key: stays inside its partition',
   [[header('cf-aig-cache-key', 'dinner @'), 'miss'],
    [{ ...header('cf-aig-cache-key', 'dinner @'), apiKey: 'sk-bob' }, 'miss'],
    [{ ...header('cf-aig-cache-key', 'dinner @'), text: 'b' }, 'hit 1']], { onlyKeyed: true }],

  ['x-larder-namespace: splits the partition',
   [[header('x-larder-namespace', 'a'), 'miss'], [header('x-larder-namespace', 'b'), 'miss'], [{}, 'miss'],
    [header('x-larder-namespace', 'a'), 'hit 1'], [header('x-larder-namespace', 'b'), 'hit 2'], [{}, 'hit 3']]],
  ['x-larder-namespace: does not join partitions',
   [[header('x-larder-namespace', 'c'), 'miss'], [{ ...header('x-larder-namespace', 'c'), apiKey: 'sk-bob' }, 'miss']]],
  ['credentials: each has its own entries',
   [[{}, 'miss'], [{ apiKey: 'sk-bob' }, 'miss'], [{}, 'hit 1'], [{ apiKey: 'sk-bob' }, 'hit 2']]],

  ...['OpenAI-Organization', 'OpenAI-Project', 'OpenAI-Beta', 'anthropic-beta'].map((name) => [
    `${name}: is in the key`,
    [[{}, 'miss'], [header(name, 'x'), 'miss'], [header(name, 'x'), 'hit 2'], [{}, 'hit 1']]]),
  ['transport headers: are not in the key',
   [[{}, 'miss'], [{ headers: { 'x-stainless-retry-count': '1', 'user-agent': 'other', traceparent: '00-1-1-00',
                                'x-request-id': 'mine', 'idempotency-key': 'k', accept: '*/*' } }, 'hit 1']]],
];

async function run(api, text, [{ text: suffix = '', headers = {}, ...options }, seen, { ttl } = {}], ids) {
  const filled = Object.entries(headers).map(([name, value]) => [name, value.replace('@', api.name)]);
  const response = await sendTo(api, world.larder, `${text}${suffix}`,
                                { ...options, headers: Object.fromEntries(filled) });
  const body = await response.text();
  if (typeof seen === 'number') {
    assert.equal(response.status, seen);
    assert.equal(typeof JSON.parse(body).error.message, 'string');
    return null;
  }
  assert.equal(response.status, 200, body);
  const cache = cacheStatusOf(response.headers);
  const [outcome, step] = seen.split(' ');
  assert.equal(cache.hit ? 'hit' : cache.fwd, outcome);
  assert.equal(response.headers.get('cf-aig-cache-status'), outcome === 'hit' ? 'HIT' : 'MISS');
  assert.equal(response.headers.has('age'), outcome === 'hit');
  assert.match(response.headers.get('cache-control'), /^private, no-store$/);
  if (outcome === 'hit') assert.equal(api.idOf(body), ids[step - 1]);
  if (ttl !== undefined) assert.ok(cache.ttl > 0 && cache.ttl <= ttl, `ttl=${cache.ttl}`);
  return api.idOf(body);
}

for (const [rule, steps, { onlyKeyed = false } = {}] of kRules) {
  test(rule, limits, async (t) => {
    for (const api of kApis.filter(({ keyed }) => keyed || !onlyKeyed)) {
      await t.test(api.name, async () => {
        world.upstream.reset();
        const ids = [];
        for (const [i, step] of steps.entries()) {
          try {
            ids.push(await run(api, `${rule} ${api.name}`, step, ids));
          } catch (error) {
            error.message = `step ${i + 1}: ${error.message}`;
            throw error;
          }
        }
        const calls = steps.filter(([, seen]) => /^(miss|request|bypass)$/.test(seen)).length;
        assert.equal(world.upstream.requests.length, calls, 'upstream calls');
      });
    }
  });
}

test('RFC 9111, 5.2.1.1 max-age: an entry that is too old is asked for anew, and the new one is stored', limits,
     async (t) => {
  const ask = (api, options) => sendTo(api, world.larder, `${t.name} ${api.name}`, options);
  for (const api of kApis) await (await ask(api)).text();
  for (const api of kApis) {
    // Asking only the cache changes nothing in it.
    await eventually(20_000, `the entry of ${api.name} is old`, async () => {
      const response = await ask(api, control('only-if-cached'));
      await response.text();
      return Number(response.headers.get('age')) >= 2;
    });
    const renewed = await ask(api, control('max-age=1'));
    const id = api.idOf(await renewed.text());
    assert.equal(cacheStatusOf(renewed.headers).fwd, 'request', api.name);
    const hit = await ask(api);
    assert.equal(api.idOf(await hit.text()), id, api.name);
    assert.equal(cacheStatusOf(hit.headers).hit, true, api.name);
  }
  assert.equal(world.upstream.requests.length, 2 * kApis.length);
});

// ---- What is never stored

const json = (status, body, headers = {}) => (request, response) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
};
const kNeverStored = [
  ...[201, 202, 206, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504, 529].map((status) => [
    `status ${status}`, json(status, '{"error":{"message":"no","type":"t","param":null,"code":null}}')]),
  ['an error object of status 200', json(200, '{"error":{"message":"no","type":"server_error","code":null}}')],
  ['half a JSON document', json(200, '{"id":"x","object":"chat.completion","choices":[{"index":0,"mess')],
  ['a JSON document and more', json(200, '{"object":"list","data":[]}{"id":1}')],
  ['an empty body', json(200, '')],
  ['an empty object', json(200, '{}')],
  ['null', json(200, 'null')],
  ['a web page', (request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>Sign in to the wireless network</title>');
  }],
  ['a short body', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 900 });
    response.write('{"id":"x","choices":[]}', () => response.destroy());
  }],
  ['a chunked body that breaks off', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"id":"x","choices":[]}', () => response.destroy());
  }],
  ['a body that ends with its connection', (request, response) => {
    const body = '{"id":"x","object":"list","data":[{"id":"m"}],"results":[{"flagged":false}]}';
    response.socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${body}`);
  }],
];
for (const [what, handler] of kNeverStored) {
  test(`${what} is never stored`, limits, async (t) => {
    for (const api of kApis) {
      await t.test(api.name, async () => {
        world.upstream.reset();
        world.upstream.misbehave(handler);
        const text = `${what} ${api.name}`;
        // What the client sees is the business of other tests; here it may be an answer or an error.
        await sendTo(api, world.larder, text, { headers: { accept: 'application/json' } })
          .then((response) => response.text()).catch(() => {});
        assert.ok(world.upstream.requests.length > 0);
        world.upstream.reset();
        const next = await sendTo(api, world.larder, text);
        assert.equal(next.status, 200);
        await next.text();
        assert.equal(cacheStatusOf(next.headers).fwd, 'miss');
        assert.equal(world.upstream.requests.length, 1);
      });
    }
  });
}

test('a cookie of upstream is for one caller and is not replayed', limits, async (t) => {
  const chat = kApis[0];
  world.upstream.misbehave((request, response) => {
    response.setHeader('set-cookie', '__cf_bm=secret; path=/');
    json(200, JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [
      { index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }] }))(request, response);
  });
  const [miss, hit] = [await sendTo(chat, world.larder, t.name), await sendTo(chat, world.larder, t.name)];
  assert.equal(miss.headers.get('set-cookie'), '__cf_bm=secret; path=/');
  assert.equal(hit.headers.get('set-cookie'), null);
  assert.equal(await miss.text(), await hit.text());
});
