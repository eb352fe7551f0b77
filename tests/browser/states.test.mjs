// The page when things are not as they should be.
import assert from 'node:assert/strict';
import test from 'node:test';
import { kReady, kViews, openPage } from './support/browser.mjs';
import { fakeEvent } from './support/fake_answers.mjs';
import { limits, reads, setUp, tile } from './support/world.mjs';

const world = setUp();
const kRefusals = [/Failed to load resource/, /ERR_/];

test('figures of money and time are honest about what they leave out', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin);
  await tile(page, 'money', '$1.50', '$0.12 spent; without 1,200 tokens of models without a price: my-model (set prices)');
  await tile(page, 'time', '1 min 21 s', 'an estimate');
  await tile(page, 'embeddings', '75%', '900 of 1,200 inputs');
  await tile(page, 'responses', '58%', '60 of 104 requests');
  await check();
});

test('a disk that gets full, an index and collections that load are told, with what to do', limits, async () => {
  const fake = await world.fake();
  Object.assign(fake.stats.disk, { state: 'warning', free_bytes: 300_000_000 });
  fake.stats.index.ready = false;
  fake.stats.collections.loading = 2;
  fake.readiness = { status: 'ok', index: 'loading', index_percent: 40, collections: 'loading', collections_percent: 75 };
  const { page, check } = await openPage(world.browser, fake.origin);
  await reads(page, '.status', /The disk gets full: 300 MB are free\..*purge/);
  await reads(page, '.status', /The search index is being rebuilt: 40% done\./);
  await reads(page, '.status', /2 of 3 collections still load: 75% can be searched\./);
  assert.equal(await page.locator('.status').getAttribute('data-level'), 'warn');
  const shares = await page.locator('.problem progress').evaluateAll((bars) => bars.map((bar) => bar.value));
  assert.deepEqual(shares, [0.4, 0.75]);
  // The other views carry the first of it.
  await page.getByRole('link', { name: 'Misses' }).click();
  await reads(page, '#banner', /^The disk gets full/);
  await check();
});

test('many failed requests are said first', limits, async () => {
  const fake = await world.fake();
  fake.stats.requests.errors_5xx = 90;
  const { page, check } = await openPage(world.browser, fake.origin);
  await reads(page, '.problem.bad', /^90 of 160 requests in the last hour failed\. Is the upstream reachable/);
  await reads(page, '#announce', /./);
  await check();
});

test('a server that fails is said to, its last numbers stay, and it recovers', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { expected: kRefusals });
  await tile(page, 'requests', '160');
  fake.failing = true;
  await reads(page, '#sentence', /^Larder answers with an error: the disk is on fire The numbers below are of \d\d:\d\d:\d\d\.$/);
  await tile(page, 'requests', '160');
  assert.equal(await page.locator('body').getAttribute('data-state'), 'lost');
  fake.failing = false;
  fake.stats.requests.total = 161;
  await tile(page, 'requests', '161');
  await reads(page, '#sentence', /^Larder answered/);
  await check();
});

test('a server that is gone is said to be', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { expected: kRefusals });
  await tile(page, 'requests', '160');
  await page.context().setOffline(true);
  await reads(page, '#sentence', /^Larder does not answer\. Trying again\. The numbers below are of/);
  await page.context().setOffline(false);
  await reads(page, '#sentence', /^Larder answered/);
  await check();
});

test('every view says so where the server lacks its endpoint', limits, async () => {
  const fake = await world.fake();
  for (const name of ['events', 'entries', 'config', 'purge', 'explain', 'maintenance', 'timeseries']) fake.absent.add(name);
  for (const name of ['money', 'time_saved_s', 'miss_reasons', 'changed_fields', 'bypass_details', 'by_model',
                      'by_partition', 'by_route', 'disk', 'maintenance']) delete fake.stats[name];
  const { page, check } = await openPage(world.browser, fake.origin, { expected: kRefusals });
  const says = {
    overview: 'its history', misses: 'why requests missed', breakdown: 'that', tail: 'its requests one by one',
    entries: 'its entries', server: 'its tasks',
  };
  for (const [view, words] of Object.entries(says)) {
    await page.goto(`${fake.origin}/dashboard/#${view}`);
    await page.getByText(`Not available: this server does not tell ${words}.`).first().waitFor();
  }
  await page.getByText('Not available: this server does not tell its configuration.').waitFor();
  await page.goto(`${fake.origin}/dashboard/#explain`);
  await page.locator('#explain-body').fill('{}');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('This server does not offer it.').waitFor();
  await check();
});

test('an empty server has a word in every view', limits, async () => {
  const fake = await world.fake();
  fake.entries = [];
  Object.assign(fake.stats, { by_model: [], by_partition: [], by_route: [], miss_reasons: {}, changed_fields: {},
                              bypass_details: {} });
  const { page, check } = await openPage(world.browser, fake.origin);
  const says = {
    misses: 'No request missed in the last hour.', breakdown: 'Nothing was asked in this time.',
    tail: 'No request yet. They appear here as they finish.', entries: 'Nothing is kept in this layer yet.',
  };
  for (const [view, words] of Object.entries(says)) {
    await page.goto(`${fake.origin}/dashboard/#${view}`);
    await page.getByText(words).first().waitFor();
  }
  await page.goto(`${fake.origin}/dashboard/#misses`);
  await page.getByText('No request missed').waitFor();
  fake.stats.by_route = [{ name: 'chat', misses: 3 }];
  await page.getByText('Requests missed, but why was not kept.').waitFor();
  await check();
});

test('a paused page asks nothing more', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#overview?paused=1' });
  await tile(page, 'requests', '160');
  await page.locator('#traffic canvas').waitFor();
  const asked = fake.requests.length;
  await page.clock.install();
  await page.clock.fastForward(60_000);
  assert.equal(fake.requests.length, asked);
  assert.deepEqual(fake.requests.map(({ call }) => call).sort(), ['GET session', 'GET stats?window=1h', 'GET timeseries?window=1h']);
  await page.locator('#pause').click();
  await reads(page, 'body', () => fake.requests.length > asked);
  await check();
});
