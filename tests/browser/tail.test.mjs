// The live tail.
import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage, shoot } from './support/browser.mjs';
import { fakeEvent } from './support/fake_answers.mjs';
import { chat, limits, reads, setUp } from './support/world.mjs';
import { eventually } from '../clients/support/waiting.mjs';

const world = setUp();
const kRows = '#tail tbody tr:not(.details)';
const follower = (fake) => eventually(20_000, 'the page follows', () => fake.followers > 0);

test('a request is in the live tail within a second', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin, { hash: '#tail' });
  await reads(page, '#tail-state', /^Live\./);
  await chat(world.larder.origin, 'seen at once');
  await page.locator(kRows, { hasText: 'larder-echo' }).waitFor({ timeout: 1000 });
  await reads(page, kRows, /Miss cold larder-echo chat 200/);
  await chat(world.larder.origin, 'seen at once');
  await reads(page, kRows, /Hit – larder-echo chat 200/);
  await page.locator(`${kRows} button`).first().click();
  await page.locator('tr.details a').click();
  await reads(page, '#entry', /seen at once|You said/);
  await shoot(page, 'real-tail');
  await check();
});

test('an event is shown within a second, with why and where its time went', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#tail' });
  await follower(fake);
  await reads(page, '#tail-state', /^Live\. 0 requests shown/);
  fake.push(fakeEvent(1, { why: 'changed', changed_field: 'temperature', model: '<b>bold</b>' }));
  await page.locator(kRows).waitFor({ timeout: 1000 });
  await reads(page, kRows, /^. \d\d:\d\d:\d\d Miss changed: temperature <b>bold<\/b> chat 200 0 \/ 20 900 ms$/);
  assert.equal(await page.locator(`${kRows} .waterfall`).getAttribute('aria-label'),
               'parsing 40 µs, lookup 110 µs, upstream 600 ms, rest until the first byte 850 µs, sending 299 ms');
  await page.locator(`${kRows} button`).click();
  await reads(page, 'tr.details', /Request POST \/v1\/chat\/completions Request id req-1 Key of the client ab12cd34/);
  assert.equal(await page.locator('tr.details a').getAttribute('href'), `#entries?key=${'c'.repeat(64)}`);
  await check();
});

test('pause holds what comes, and shows it afterwards', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#tail' });
  await follower(fake);
  fake.push(fakeEvent(1));
  await reads(page, '#tail-state', /^Live\. 1 request shown/);
  await page.locator('#pause').click();
  fake.push(fakeEvent(2));
  fake.push(fakeEvent(3));
  await reads(page, '#tail-state', /^Paused\. 2 requests waiting\.$/);
  assert.equal(await page.locator(kRows).count(), 1);
  await page.locator('#pause').click();
  await reads(page, '#tail-state', /^Live\. 3 requests shown/);
  await check();
});

test('an outcome can be chosen, and is in the address', limits, async () => {
  const fake = await world.fake();
  for (let i = 1; i <= 6; ++i) fake.push(fakeEvent(i, i % 3 === 0 ? { outcome: 'hit', why: '' } : {}));
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#tail?model=gpt-test' });
  await reads(page, '#tail-state', /6 requests/);
  await page.locator('#outcome').selectOption('hit');
  await reads(page, '#tail-state', /2 requests/);
  await page.waitForURL(/#tail\?model=gpt-test&outcome=hit$/);
  assert.ok(fake.requests.some(({ call }) => call === 'GET events?recent=100&model=gpt-test&outcome=hit'));
  await check();
});

test('at most 500 rows are kept, the newest', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#tail' });
  await follower(fake);
  for (let i = 1; i <= 620; ++i) fake.push(fakeEvent(i, { status: 200 + (i === 620 ? 4 : 0) }));
  await reads(page, '#tail-state', /^Live\. 500 requests shown/);
  await reads(page, kRows, / 204 /);
  assert.equal(await page.locator(kRows).count(), 500);
  await check();
});

test('a connection that breaks is made again, where it was', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#tail?paused=0',
                                                                       expected: [/ERR_/, /Failed to load/] });
  await follower(fake);
  fake.push(fakeEvent(1));
  fake.push(fakeEvent(2));
  await reads(page, '#tail-state', /2 requests/);
  fake.dropConnections();
  await eventually(20_000, 'the page comes back', () =>
    fake.requests.some(({ call, headers }) => call.startsWith('GET events') && headers['last-event-id'] === '2'));
  fake.push(fakeEvent(3));
  await reads(page, '#tail-state', /^Live\. 3 requests shown/);
  await check();
});
