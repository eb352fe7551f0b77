// Misses, breakdown, search, explain, server.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { openPage, shoot } from './support/browser.mjs';
import { chat, embed, limits, reads, setUp, statsOf } from './support/world.mjs';
import { eventually } from '../clients/support/waiting.mjs';

const world = setUp();

test('two chats that differ only in temperature are told apart from new ones', limits, async () => {
  const { origin } = world.larder;
  for (const temperature of [0, 1]) await chat(origin, 'how warm is it', { temperature });
  const { page, check } = await openPage(world.browser, origin, { hash: '#misses' });
  await reads(page, '[data-reason="changed"]', /^Like one that is kept, but for one field 1 .*temperature/);
  await reads(page, '#changed', /temperature .* 1$/);
  await shoot(page, 'real-misses');
  await check();
});

test('reasons come with counts, shares and advice that fits', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#misses' });
  await reads(page, '#reasons', /70 requests were no hit in the last hour\./);
  const names = await page.locator('.causes li').evaluateAll((items) => items.map((item) => item.dataset.reason));
  assert.deepEqual(names, ['changed', 'cold', 'bypass', 'expired', 'evicted', 'uncacheable', 'purged']);
  await reads(page, '[data-reason="changed"]', /30 43% Requests differ only in temperature/);
  await reads(page, '[data-reason="bypass"]', /Most of them \(6\): skip-cache\. The client sends cf-aig-skip-cache/);
  await reads(page, '#changed', /temperature .* 22 messages .* 6 made-up 2/);
  await check();
});

test('models, keys and endpoints are broken down, sorted, and filter everything', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#breakdown' });
  const names = () => page.locator('#by_model tbody th').allInnerTexts();
  await reads(page, '#by_model tbody tr', /^gpt-test 100 61% – 2 1 600 400 \$0\.13 210 µs 841 ms$/);
  assert.deepEqual(await names(), ['gpt-test', 'text-embedding-test', 'my-model', '(none)']);
  await page.locator('#by_model').getByRole('button', { name: /^Requests/ }).click();
  assert.deepEqual(await names(), ['(none)', 'my-model', 'text-embedding-test', 'gpt-test']);
  assert.equal(await page.locator('#by_model th[aria-sort="ascending"]').innerText().then((text) => text.trim().split(/\s/)[0]), 'Requests');
  await page.locator('#by_model').getByRole('button', { name: /^Model/ }).click();
  assert.deepEqual(await names(), ['(none)', 'gpt-test', 'my-model', 'text-embedding-test']);
  await reads(page, '#by_model tbody tr:nth-child(3)', /no price/);
  await page.getByRole('button', { name: 'Show only my-model' }).click();
  await page.waitForURL(/[?&]model=my-model/);
  await eventually(20_000, 'stats are asked with the filter', () =>
    fake.requests.some(({ call }) => call === 'GET stats?window=1h&model=my-model'));
  await reads(page, '.filters', /model my-model/);
  await check();
});

test('a breakdown is saved as CSV that no spreadsheet runs', limits, async () => {
  const fake = await world.fake();
  fake.stats.by_partition[0].name = 'a "quoted", name';
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#breakdown' });
  const [download] = await Promise.all([page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download as CSV: By key of the client' }).click()]);
  assert.equal(download.suggestedFilename(), 'larder-by-partition-1h.csv');
  const lines = (await readFile(await download.path(), 'utf8')).split('\r\n');
  assert.equal(lines[0], '\ufeffkey,requests,hits,misses,bypass,errors,inputs,input_hits,tokens_billed,tokens_saved,' +
    'spent_usd,saved_usd,priced,hit_ms,miss_ms');
  assert.equal(lines[1], '"a ""quoted"", name",120,70,48,2,1,0,0,500,700,0.01,0.125,true,0.21,840.5');
  assert.match(lines[2], /^"'=1\+1\(99\)",40,18,/);
  assert.deepEqual([lines.length, lines[3]], [4, '']);
  await check();
});

test('the real breakdown has the rows of what was sent', limits, async () => {
  const { origin } = world.larder;
  await embed(origin, ['broken down', 'broken down too']);
  const { by_model: rows } = await statsOf(origin, '?window=1h');
  const { page, check } = await openPage(world.browser, origin, { hash: '#breakdown' });
  const row = rows.find(({ name }) => name === 'larder-hash-384');
  assert.ok(row.inputs >= 2);
  await reads(page, '#by_model', (text) => text.includes(`larder-hash-384 ${row.requests} `));
  await check();
});

test('search finds what was embedded, an exact search agrees, and the cut is live', limits, async () => {
  const { origin } = world.larder;
  await embed(origin, ['jam on the second shelf', 'bread in the box', 'the quarterly report']);
  const { page, check } = await openPage(world.browser, origin, { hash: '#search' });
  await eventually(20_000, 'all three are indexed', async () => (await statsOf(origin)).index.vectors >= 3);
  await eventually(20_000, 'the model is filled in',
                   async () => await page.locator('#model').inputValue() === 'larder-hash-384');
  await page.locator('#query').fill('jam on a shelf');
  await page.locator('#top-k').fill('3');
  await page.locator('#exact').check();
  await page.keyboard.press('Enter');
  await reads(page, '#search-state', /^3 nearest, in .*; exactly: in .*\. Recall 100%: the search found 3 of the 3 nearest\.$/);
  await reads(page, '#results li', /jam on the second shelf$/);
  await page.locator('#min-score').fill('0.99');
  await page.locator('#results').waitFor({ state: 'detached' });
  await page.locator('#min-score').fill('-1');
  assert.equal(await page.locator('#results li').count(), 3);
  await check();
});

test('what only one of both searches found is marked', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#search' });
  await page.locator('#query').fill('x');
  await page.locator('#exact').check();
  await page.locator('#search-form button').click();
  await reads(page, '#search-state', /Recall 67%: the search found 2 of the 3 nearest\.$/);
  assert.deepEqual((await page.locator('#results li').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()),
                   ['0.910 text 0', '0.850 exact only text 1', '0.600 text 2', '0.400 search only text 3']);
  await check();
});

test('explain says what would become of a request, and why', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#explain', expected: [/400/] });
  const explain = page.getByRole('button', { name: 'Explain' });
  await page.locator('#explain-body').fill('{"model": "m", "input": "new"}');
  await page.locator('#explain-headers').fill('Authorization: Bearer sk-1\nx-larder-namespace: n');
  await explain.click();
  await reads(page, '.verdict', /^Miss It would go upstream, and its answer would be kept\.$/);
  await reads(page, '#nearest', /^An entry differs only in dimensions: 0{16}…\. It was asked with 64 dimensions\.$/);
  assert.deepEqual(fake.requests.find(({ call }) => call === 'POST explain').body, {
    method: 'POST', path: '/v1/embeddings', headers: { authorization: 'Bearer sk-1', 'x-larder-namespace': 'n' },
    body: { model: 'm', input: 'new' } });
  await page.locator('#explained summary').click();
  await reads(page, '#explained pre', /^\{ "model": "m", "input": "new" \}$/);
  await shoot(page, 'explain');
  await page.locator('#explain-body').fill('{"model": "m", "input": "kept"}');
  await explain.click();
  await reads(page, '.verdict', /^Hit It would be answered from the cache\.$/);
  await page.locator('#explain-body').fill('{"model"');
  await explain.click();
  await page.getByText('That did not work: body is not JSON.').waitFor();
  await page.locator('#explain-headers').fill('nonsense');
  await explain.click();
  await page.getByText('"nonsense" is no header').waitFor();
  await check();
});

test('the real explain knows a kept text', limits, async () => {
  const { origin } = world.larder;
  await embed(origin, ['explain me']);
  const { page, check } = await openPage(world.browser, origin, { hash: '#explain' });
  await page.locator('#explain-body').fill('{"model": "larder-hash-384", "input": ["explain me"]}');
  await page.getByRole('button', { name: 'Explain' }).click();
  await reads(page, '.verdict', /^Hit /);
  await page.locator('#explain-body').fill('{"model": "larder-hash-384", "input": ["never seen"]}');
  await page.getByRole('button', { name: 'Explain' }).click();
  await reads(page, '.verdict', /^Miss /);
  await check();
});

test('the server view has disk, tasks and settings, and starts a task', limits, async () => {
  const fake = await world.fake();
  const { page, check } = await openPage(world.browser, fake.origin, { hash: '#server' });
  await reads(page, '#disk', /State fine Used 40\.0 MB of 100 MB/);
  await reads(page, '[data-task="expiry"]', /dropped 12 entries, 1\.2 MB in 50 min Run now$/);
  assert.equal(await page.getByRole('button', { name: 'Run now: compaction' }).isDisabled(), true);
  await page.getByRole('button', { name: 'Run now: expiry' }).click();
  await reads(page, '#task-state', /^expiry is started\.$/);
  assert.deepEqual(fake.requests.find(({ call }) => call === 'POST maintenance').body, { task: 'expiry' });
  assert.equal(await page.locator('#config tbody tr').count(), 5);
  await page.locator('#config-set').check();
  assert.equal(await page.locator('#config tbody tr').count(), 3);
  await page.locator('#config-search').fill('lifetime');
  await reads(page, '#config tbody', /^cache\.responses\.lifetime_s How long an answer is fresh\. 7200 s 3600 file$/);
  await check();
});

test('the real server shows its settings and what it holds', limits, async () => {
  const { origin } = world.larder;
  const { page, check } = await openPage(world.browser, origin, { hash: '#server' });
  const { store } = await statsOf(origin);
  await reads(page, '#disk', (text) => text.includes(store.path));
  await page.locator('#config-search').fill('server.listen');
  await reads(page, '#config tbody', /server\.listen/);
  await check();
});
