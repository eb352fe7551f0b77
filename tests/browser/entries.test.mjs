// The entries: to look at, to delete, to purge.
import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage, shoot } from './support/browser.mjs';
import { embed, limits, reads, setUp } from './support/world.mjs';

const world = setUp();
const kRows = '#entries tbody tr';

test('purging shows first what would go, and then it is gone', limits, async () => {
  const { origin } = world.larder;
  await embed(origin, ['purge me 1', 'purge me 2', 'purge me 3', 'keep me']);
  const { page, check } = await openPage(world.browser, origin, { hash: '#entries?q=me' });
  await reads(page, '#entries-state', /^4 found, looked at \d+: that is all\.$/);
  await page.locator('#open-purge').click();
  await page.locator('#purge-prefix').fill('purge me');
  await page.getByRole('button', { name: 'See what would go' }).click();
  await reads(page, '#purge-state', /^3 entries would go: embeddings and responses that begin with “purge me”\./);
  await reads(page, '#entries-state', /^4 found/);
  await page.getByRole('button', { name: 'Delete 3 entries' }).click();
  await reads(page, '#purge-state', /^3 entries are gone, in /);
  await page.getByRole('button', { name: 'Close' }).click();
  await reads(page, '#entries-state', /^1 found/);
  await reads(page, kRows, /^keep me larder-hash-384 384 dim\./);
  const again = await fetch(`${origin}/v1/embeddings`, { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'larder-hash-384', input: ['purge me 1', 'keep me'] }) });
  assert.match(again.headers.get('cache-status'), /items=2,hit=1/);
  await check();
});

test('one entry is shown whole, with its vector, and can be deleted', limits, async () => {
  const { origin } = world.larder;
  await embed(origin, ['look at me']);
  const { page, check } = await openPage(world.browser, origin, { hash: '#entries?q=look+at' });
  await page.getByRole('button', { name: 'look at me' }).click();
  await reads(page, '#entry', /Model larder-hash-384 .* Vector 384 dimensions .* Text .*look at me/);
  await page.getByRole('button', { name: 'Show the vector' }).click();
  assert.match(await page.locator('.sparkline').getAttribute('aria-label'), /^384 values between -/);
  await page.locator('#entry-delete').click();
  await page.getByRole('button', { name: 'Really delete it' }).click();
  await reads(page, '#entries-state', /^0 found/);
  await check();
});

test('more is asked for while answers are short, and what was looked at is told', limits, async () => {
  const fake = await world.fake();
  fake.scanPerCall = 10;
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#entries?q=number+11' });
  await reads(page, '#entries-state', /^11 found, looked at 120: that is all\.$/);  // 11, and 110 to 119
  assert.equal(await page.locator(kRows).count(), 11);
  assert.equal(fake.requests.filter(({ call }) => call.startsWith('GET entries')).length, 12);
  await page.locator('#q').fill('');
  await reads(page, '#entries-state', /^50 found, looked at 50; there is more\.$/);
  await page.getByRole('button', { name: 'More' }).click();
  await reads(page, '#entries-state', /^100 found, looked at 100; there is more\.$/);
  await page.locator('#layer').selectOption('responses');
  await reads(page, '#entries-state', /^3 found/);
  await page.waitForURL(/#entries\?layer=responses$/);
  await check();
});

test('a model or a key is asked for once it is written, a key only when it can be one', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#entries' });
  await reads(page, '#entries-state', /^50 found/);
  await page.locator('#entry-partition').pressSequentially('ab12');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#entry-partition:invalid').count(), 1);
  await page.locator('#entry-model').pressSequentially('other-embedding');
  await page.keyboard.press('Enter');
  await reads(page, '#entries-state', /^50 found, looked at \d+; there is more|^50 found, looked at 1[0-9]+/);
  await page.locator('#entry-partition').fill('ab12cd34');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#entries\?model=other-embedding&partition=ab12cd34$/);
  const asked = fake.requests.map(({ call }) => /[?&](?:model|partition)=([^&]*)/.exec(call)?.[1]).filter(Boolean);
  assert.deepEqual([...new Set(asked)], ['other-embedding']);
  await check();
});

test('text from the cache is text', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#entries?q=onerror' });
  await page.getByRole('button', { name: '<img src=x onerror=alert(1)>' }).click();
  await reads(page, '#entry pre', /^<img src=x onerror=alert\(1\)>$/);
  assert.equal(await page.locator('main img').count(), 0);
  await check();
});

test('the purge dialog wants a condition, looks again after a change, and deletes only what it showed', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#entries' });
  await reads(page, '#entries-state', /found/);
  await page.locator('#open-purge').click();
  const look = page.getByRole('button', { name: 'See what would go' });
  await look.click();
  await reads(page, '#purge-state', /^Give at least one condition/);
  await page.locator('#purge-model').fill('other-embedding');
  await page.locator('#purge-layer').selectOption('embeddings');
  await page.locator('#purge-older').fill('2');
  await look.click();
  await reads(page, '#purge-state',
              /^60 entries would go: embeddings of the model other-embedding, that are older than 2 days\. They cannot/);
  await shoot(page, 'purge');
  const calls = () => fake.requests.filter(({ call }) => call === 'POST purge').map(({ body }) => body);
  assert.deepEqual(calls(), [{ model: 'other-embedding', layer: 'embeddings', older_than_s: 172_800, dry_run: true }]);
  await page.locator('#purge-older').fill('');
  assert.equal(await page.locator('#purge-confirm').count(), 0);
  assert.equal(await page.locator('#purge-state').innerText(), '');
  await look.click();
  await page.getByRole('button', { name: 'Delete 60 entries' }).click();
  await reads(page, '#purge-state', /^60 entries are gone, in 12 ms\.$/);
  assert.deepEqual(calls().at(-1), { model: 'other-embedding', layer: 'embeddings', dry_run: false });
  await page.getByRole('button', { name: 'Close' }).click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await reads(page, '#entries-state', /^50 found, looked at 50; there is more|^50 found, looked at 50/);
  await check();
});

test('an entry that is gone is said to be', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: `#entries?key=${'9'.repeat(64)}`,
                                                                       expected: [/404/] });
  await reads(page, '#entry', /There is no such entry; it may have been dropped\./);
  await page.locator('#entry-close').click();
  await page.waitForURL(/#entries$/);
  await check();
});
