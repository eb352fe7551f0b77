// What operators see: the page's numbers, /metrics, `larder stats`, the log and the tail are one set of numbers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { send } from './support/client.mjs';
import { limits, setUp } from './support/setup.mjs';
import { eventually } from './support/waiting.mjs';

const kPrices = `
[[prices]]
models = ["priced-*"]
input = 2.0
output = 10.0
`;
const world = setUp({ config: kPrices });
const kBinary = process.env.LARDER_BINARY ||
  fileURLToPath(new URL('../../build/release/larder', import.meta.url));
const kTrace = '4bf92f3577b34da6a3ce929d0e0e4736';

const chat = (model, content, more = {}, headers = {}) => send(`${world.larder.url}/chat/completions`, {
  body: { model, messages: [{ role: 'user', content }], ...more }, headers }).then((answer) => answer.text());
const embed = (model, input) =>
  send(`${world.larder.url}/embeddings`, { body: { model, input } }).then((answer) => answer.text());

async function admin(path) {
  const response = await send(`${world.larder.origin}/admin/v1/${path}`, { method: 'GET', apiKey: null });
  assert.equal(response.status, 200, path);
  return response.json();
}
async function metrics() {
  const response = await send(`${world.larder.origin}/metrics`, { method: 'GET', apiKey: null });
  const samples = new Map();
  for (const line of (await response.text()).split('\n')) {
    const match = /^([a-z_]+)(?:\{(.*)\})? ([-+.e\d]+|NaN)$/.exec(line);
    if (match) samples.set(match[2] ? `${match[1]}{${match[2]}}` : match[1], Number(match[3]));
  }
  // The sum of all series of a name whose labels hold every given pair.
  return (name, labels = {}) => [...samples].filter(([series]) => series.split('{')[0] === name &&
    Object.entries(labels).every(([key, value]) => series.includes(`${key}="${value}"`)))
    .reduce((sum, [, value]) => sum + value, 0);
}
const stats = async () => JSON.parse((await promisify(execFile)(kBinary,
  ['stats', '--json', '--server', world.larder.origin], { timeout: 20_000 })).stdout);
const logged = () => world.larder.stderr.split('\n').filter((line) => line.includes('"request_id"'))
  .map((line) => JSON.parse(line)).filter((line) => !['admin', 'metrics', 'dashboard', 'health'].includes(line.route));

// The events that the tail has so far.
async function tail(count) {
  const stop = new AbortController();
  const response = await send(`${world.larder.origin}/admin/v1/events?recent=500`,
                              { method: 'GET', apiKey: null, signal: stop.signal });
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.split('\n').filter((line) => line.startsWith('data: ')).length >= count) break;
    }
  } finally {
    stop.abort();
  }
  return text.split('\n').filter((line) => line.startsWith('data: ')).map((line) => JSON.parse(line.slice(6)));
}

test('page, metrics, command line, log and tail agree on the same traffic', limits, async () => {
  await chat('priced-chat', 'a');                               // cold
  await chat('priced-chat', 'a');                               // hit
  await chat('priced-chat', 'a', { temperature: 0.3 });         // changed: temperature
  await chat('priced-chat', 'b', {}, { 'cf-aig-skip-cache': 'true' });  // bypass
  await chat('unknown-chat', 'c', {}, { traceparent: `00-${kTrace}-00f067aa0ba902b7-01` });  // cold
  await embed('priced-embedding', ['x', 'y', 'z']);             // cold
  await embed('priced-embedding', ['x', 'y', 'new']);           // two of three
  await embed('priced-embedding', ['x', 'y']);                  // hit
  await send(`${world.larder.url}/files`, { method: 'GET' }).then((answer) => answer.text());  // uncacheable
  const kRequests = 9;

  const events = await tail(kRequests);
  assert.equal(events.length, kRequests);
  await eventually(10_000, 'the log has every request', () => logged().length === kRequests);
  const lines = logged();
  const page = await admin('stats');
  const line = await stats();
  const metric = await metrics();
  const series = await admin('timeseries?window=1h');
  const summed = (member) => series.points.reduce((sum, point) => sum + point[member], 0);
  const count = (records, test) => records.filter(test).length;
  const total = (records, member) => records.reduce((sum, record) => sum + (record[member] ?? 0), 0);

  const own = ['admin', 'metrics', 'dashboard', 'health'];
  for (const [what, numbers] of Object.entries({
    requests: [kRequests, page.requests.total, line.requests.total, lines.length, events.length, summed('requests'),
               metric('larder_requests_total') - own.reduce((sum, route) =>
                 sum + metric('larder_requests_total', { route }), 0)],
    'embedding inputs': [8, page.embeddings.inputs, line.embeddings.inputs, total(lines, 'items'),
                         total(events, 'items'), summed('embedding_inputs'), metric('larder_embedding_inputs_total')],
    'embedding hits': [4, page.embeddings.input_hits, line.embeddings.input_hits, total(lines, 'items_hit'),
                       summed('embedding_input_hits'), metric('larder_embedding_inputs_total', { outcome: 'hit' })],
    'response hits': [1, page.responses.hits, line.responses.hits, summed('response_hits'),
                      count(lines, (one) => one.layer === 'responses' && one.outcome === 'hit'),
                      metric('larder_requests_total', { route: 'chat', outcome: 'hit' })],
    'tokens billed': [total(events, 'tokens_billed'), page.tokens.billed, line.tokens.billed,
                      total(lines, 'tokens_billed'), summed('tokens_billed'),
                      metric('larder_tokens_total', { kind: 'billed' })],
    'tokens saved': [total(events, 'tokens_saved'), page.tokens.saved, line.tokens.saved, total(lines, 'tokens_saved'),
                     summed('tokens_saved'), metric('larder_tokens_total', { kind: 'saved' })],
    ...Object.fromEntries(['cold', 'changed', 'bypass', 'uncacheable'].map((why) => [`misses, ${why}`, [
      count(events, (one) => one.why === why), page.miss_reasons[why], line.miss_reasons[why],
      count(lines, (one) => one.why === why), metric('larder_misses_total', { why })]])),
  })) {
    assert.deepEqual(numbers, numbers.map(() => numbers[0]), what);
  }
  const near = (a, b, what) => assert.ok(Math.abs(a - b) < 1e-9, `${what}: ${a} and ${b}`);
  near(page.money.spent, total(events, 'spent'), 'money spent');
  near(page.money.saved, metric('larder_cost_total', { kind: 'saved' }), 'money saved');
  assert.ok(page.money.spent > 0);
  assert.deepEqual(page.money.unpriced_models, ['unknown-chat']);
  assert.deepEqual(page.changed_fields, { temperature: 1 });
  assert.equal(count(lines, (one) => one.trace_id === kTrace), 1);
  assert.deepEqual(events.map((one) => one.request_id).sort(), lines.map((one) => one.request_id).sort());
});

test('a tail shows a request within a second of its end', limits, async () => {
  const stop = new AbortController();
  const response = await send(`${world.larder.origin}/admin/v1/events?recent=0`,
                              { method: 'GET', apiKey: null, signal: stop.signal });
  const reader = response.body.getReader();
  await embed('priced-embedding', 'a text for the tail');
  const ended = performance.now();
  let text = '';
  while (!text.includes('data: ')) text += Buffer.from((await reader.read()).value).toString();
  stop.abort();
  assert.ok(performance.now() - ended < 1000);
  assert.ok(!text.includes('a text for the tail'));
});

test('numbers survive a restart, and a kill but for the last seconds', limits, async () => {
  await embed('priced-embedding', 'before the restart');
  const before = (await admin('stats?window=24h')).requests.total;
  await world.larder.stop();
  await world.larder.start();
  assert.equal((await admin('stats?window=24h')).requests.total, before);
  assert.equal((await admin('stats')).requests.total, 0);
});

test('a stopped server does not wait for whoever watches it', limits, async () => {
  const response = await send(`${world.larder.origin}/admin/v1/events`, { method: 'GET', apiKey: null });
  assert.equal(response.status, 200);
  const began = performance.now();
  await world.larder.stop();
  assert.ok(performance.now() - began < 10_000);
  await response.text().catch(() => {});
  await world.larder.start();
});
