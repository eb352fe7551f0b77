// Keys of Larder's own, limits and budgets, as the official client sees them.
import { AuthenticationError, clientOf, kPatienceMs, observe, OpenAI, PermissionDeniedError, RateLimitError }
  from './support/client.mjs';
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { limits, setUp } from './support/setup.mjs';
import { eventually } from './support/waiting.mjs';

const world = setUp({
  env: { TEAM_KEY: 'sk-team-0123456789abcdef', SMALL_KEY: 'sk-small-0123456789abcdef',
         POOR_KEY: 'sk-poor-0123456789abcdef', PROVIDER_KEY: 'sk-of-the-provider' },
  config: `[upstream]
api_key_env = "PROVIDER_KEY"
[[keys]]
name = "team"
secret_env = "TEAM_KEY"
[[keys]]
name = "small"
secret_env = "SMALL_KEY"
models = ["text-embedding-*"]
requests_per_minute = 3
[[keys]]
name = "poor"
secret_env = "POOR_KEY"
budget_tokens = 1
budget_period = "total"
[[limits]]
callers = ["team"]
paths = ["/moderations"]
requests_per_minute = 1
`,
});

const embed = (client, input) => client.embeddings.create({ model: 'text-embedding-test', input });

test('a key of the configuration is accepted, goes no further, and others are not', limits, async (t) => {
  await embed(clientOf(world.larder, 'sk-team-0123456789abcdef'), t.name);
  assert.equal(world.upstream.requests[0].headers.authorization, 'Bearer sk-of-the-provider');
  await assert.rejects(embed(clientOf(world.larder, 'sk-somebody-else-0123'), t.name), AuthenticationError);
});

test('beyond its limit a caller gets RateLimitError with a pause of at most a minute', limits, async (t) => {
  const client = clientOf(world.larder, 'sk-small-0123456789abcdef');
  for (let left = 2; left >= 0; --left) {
    const { headers } = await observe(embed(client, t.name));
    assert.equal(headers.get('x-ratelimit-limit-requests'), '3');
    assert.equal(headers.get('x-ratelimit-remaining-requests'), String(left));
  }
  const error = await embed(client, t.name).then(() => assert.fail('not limited'), (reason) => reason);
  assert.ok(error instanceof RateLimitError);
  assert.equal(error.code, 'rate_limit_exceeded');
  const pause = Number(error.headers.get('retry-after-ms'));
  assert.ok(pause > 0 && pause <= 60_000, String(pause));
  assert.ok(Number(error.headers.get('retry-after')) <= 60);
  // Another key goes on.
  await embed(clientOf(world.larder, 'sk-team-0123456789abcdef'), t.name);
});

test('the client waits as long as it is told and then succeeds', limits, async () => {
  const moderate = (options) => new OpenAI({
    apiKey: 'sk-team-0123456789abcdef', baseURL: world.larder.url, timeout: kPatienceMs, ...options,
  }).moderations.create({ input: 'a' });
  await moderate({ maxRetries: 0 });
  const waits = [];
  // The clock is not ours: what the client is told is made short on its way.
  const fetchBriefly = async (url, init) => {
    const response = await fetch(url, init);
    if (response.status !== 429) return response;
    waits.push(Number(response.headers.get('retry-after-ms')));
    const headers = new Headers(response.headers);
    headers.set('retry-after-ms', '5');
    return new Response(response.body, { status: response.status, headers });
  };
  await assert.rejects(moderate({ maxRetries: 2, fetch: fetchBriefly }), RateLimitError);
  assert.equal(waits.length, 3);
  waits.forEach((wait) => assert.ok(wait > 50_000 && wait <= 60_000, String(wait)));
});

test('a model that the key may not use is 403 and names what it may', limits, async () => {
  const client = clientOf(world.larder, 'sk-small-0123456789abcdef');
  const call = client.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'a' }] });
  const error = await call.then(() => assert.fail('allowed'), (reason) => reason);
  assert.ok(error instanceof PermissionDeniedError || error instanceof RateLimitError);
  if (error instanceof PermissionDeniedError) assert.match(error.message, /it may use text-embedding-\*/);
  assert.equal(world.upstream.requests.length, 0);
});

// Whether a write-ahead log of the database of data has a record of the caller's counters.
async function isSaved(id) {
  const folder = path.join(world.larder.dataDir, 'data');
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const texts = await Promise.all(logs.map((name) => readFile(path.join(folder, name), 'latin1')));
  return texts.some((text) => text.includes(`k${id}`));
}

test('a budget that is used up stays so over kill -9, and is not tried again', limits, async (t) => {
  let asked = 0;
  const client = new OpenAI({ apiKey: 'sk-poor-0123456789abcdef', baseURL: world.larder.url, maxRetries: 5,
                              timeout: kPatienceMs,
                              fetch: (url, init) => {
                                ++asked;
                                return fetch(new URL(new URL(url).pathname, world.larder.origin), init);
                              } });
  let error;
  // What was charged while the counters were being written may be what kill -9 takes: then once more.
  for (let attempt = 0; attempt < 3 && error === undefined; ++attempt) {
    await embed(client, `${t.name} ${attempt}`);
    await eventually(kPatienceMs, 'the counters are saved', () => isSaved('config:poor'));
    await world.larder.kill();
    await world.larder.start();
    asked = 0;
    error = await embed(client, `${t.name} again ${attempt}`).then(() => undefined, (reason) => reason);
  }
  assert.ok(error instanceof RateLimitError, String(error));
  assert.equal(error.code, 'insufficient_quota');
  assert.equal(asked, 1);
});
