// The overview of a real server: what was sent is what it shows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage, shoot } from './support/browser.mjs';
import { chat, embed, limits, reads, setUp, statsOf, tile } from './support/world.mjs';

const world = setUp();

test('before any traffic it shows how to send some', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin);
  await reads(page, '#sentence', /^Larder is ready\. It was asked nothing in the last hour\.$/);
  await reads(page, '#start pre', (text) => text.includes(`${world.larder.origin}/v1/embeddings`) &&
    text.includes('"model": "larder-hash-384"'));
  await reads(page, '#builtin', /^Built-in stand-in\./);
  await reads(page, '#traffic .empty', /^Nothing was asked in this time\.$/);
  await tile(page, 'embeddings', '–', 'no inputs yet');
  await shoot(page, 'real-first');
  await check();
});

test('the tiles show exactly what was sent', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin);
  // Inputs: 3 new, then 2 known and 1 new, then 3 known. Chats: 2 new, 3 known.
  const answers = [await embed(world.larder.origin, ['a', 'b', 'c']), await embed(world.larder.origin, ['a', 'b', 'd']),
                   await embed(world.larder.origin, ['c', 'd', 'a'])];
  for (const content of ['one', 'two', 'one', 'two', 'one']) answers.push(await chat(world.larder.origin, content));
  assert.ok(answers.every(({ status }) => status === 200));
  const { status } = await embed(world.larder.origin, { wrong: true });
  assert.equal(status, 400);

  await tile(page, 'embeddings', '56%', '5 of 9 inputs');
  await tile(page, 'responses', '60%', '3 of 5 requests');
  await tile(page, 'requests', '9', '1 refused (4xx), 0 failed (5xx)');
  await reads(page, '#sentence',
              /^Larder answered 56% of the embedding inputs and 60% of the responses from the cache in the last hour\.$/);
  assert.equal(await page.locator('#start').count(), 0, 'the first steps are no longer shown');

  const stats = await statsOf(world.larder.origin, '?window=1h');
  assert.deepEqual([stats.embeddings.inputs, stats.embeddings.input_hits], [9, 5]);
  assert.deepEqual([stats.responses.hits, stats.responses.misses], [3, 2]);
  await tile(page, 'tokens', String(stats.tokens.saved), `${stats.tokens.billed} billed`);
  assert.ok(stats.tokens.saved > 0 && stats.tokens.billed > 0);
  assert.equal(stats.latency_ms.hit.count + stats.latency_ms.miss.count, 8);
  await reads(page, '#tile-hit', /[µm]s .*p95.*p99/);
  await check();
});

test('the traffic chart has the same numbers, as a table and under the keyboard', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin);
  await page.locator('#traffic summary').click();
  const cells = await page.locator('#traffic tbody tr').evaluateAll((rows) =>
    rows.map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent))));
  const sums = cells.reduce((all, row) => row.map((value, i) => value + (all[i] ?? 0)), []);
  // Inputs cached, responses cached, forwarded, passed through, errors.
  assert.deepEqual([sums[0], sums[1], sums[2], sums[4]], [5, 3, 6, 1]);
  assert.equal(cells.length, 60);

  await page.locator('#traffic .chart').focus();
  await page.keyboard.press('Home');
  await reads(page, '#traffic .tip', /Embedding inputs, cached 0/);
  await page.keyboard.press('End');
  await reads(page, '#traffic .tip', /, so far/);
  await reads(page, '#traffic [aria-live]', /^\d\d:\d\d\. Embedding inputs, cached: \d+, .* Errors: \d+$/);
  await page.keyboard.press('Escape');
  await page.locator('#traffic .tip').waitFor({ state: 'detached' });
  await check();
});

test('range, filters and pause are in the address', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin, { hash: '#24h' });
  assert.equal(await page.locator('input[value="24h"]').isChecked(), true, 'the address of the first version works');
  await page.getByText('6 hours', { exact: true }).click();
  await page.waitForURL(/#overview\?range=6h$/);
  await reads(page, '#sentence', /in the last 6 hours\.$/);
  await page.locator('#pause').click();
  await page.waitForURL(/range=6h&paused=1$/);
  await page.goto(`${world.larder.origin}/dashboard/#misses?range=7d&model=m&partition=ab12cd34`);
  await reads(page, '.filters', /model m × key ab12cd34 × Clear all/);
  await page.getByRole('button', { name: /Remove the filter: model/ }).click();
  await page.waitForURL(/#misses\?range=7d&partition=ab12cd34$/);
  await check();
});

test('colours follow the system until one is chosen, and stay chosen in this tab', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin, { colorScheme: 'dark' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.locator('#theme').waitFor();
  assert.equal(await background(), 'rgb(16, 21, 19)');
  await page.locator('#theme').selectOption('light');
  assert.equal(await background(), 'rgb(246, 245, 241)');
  await page.reload();
  await page.locator('#theme').waitFor();
  assert.equal(await background(), 'rgb(246, 245, 241)');
  await check();
});

test('money is counted, and models without a price are named', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin);
  const { money } = await statsOf(world.larder.origin, '?window=1h');
  if (money.unpriced_tokens > 0) await reads(page, '#tile-money', (text) => text.includes(money.unpriced_models[0]));
  await reads(page, '#tile-money', /spent/);
  await check();
});
