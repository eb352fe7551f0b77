// Everybody can use it: WCAG 2.2 AA by axe, the keyboard alone, a window of 360 pixels.
import assert from 'node:assert/strict';
import test from 'node:test';
import { accessibilityOf, kReady, kViews, openPage, overflowOf, shoot } from './support/browser.mjs';
import { fakeEvent } from './support/fake_answers.mjs';
import { limits, reads, setUp } from './support/world.mjs';

const world = setUp();

async function fakeWithTraffic() {
  const fake = await world.fake();
  for (let i = 1; i <= 12; ++i) {
    fake.push(fakeEvent(i, i % 3 ? { outcome: 'hit', why: '', total_us: 300, upstream_us: 0, first_byte_us: 200,
                                     tokens_saved: 20, tokens_billed: 0 } : { status: i === 6 ? 503 : 200 }));
  }
  return fake;
}

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing in any view, ${colorScheme}`, limits, async () => {
    const fake = await fakeWithTraffic();
    Object.assign(fake.stats.disk, { state: 'full', message: 'The disk is full.' });
    const { page, check } = await openPage(world.browser, fake.origin, { colorScheme });
    for (const view of kViews) {
      await page.goto(`${fake.origin}/dashboard/#${view}`);
      await page.locator(kReady[view]).first().waitFor();
      assert.deepEqual(await accessibilityOf(page), [], view);
      await shoot(page, `${colorScheme}-${view}`);
    }
    await check();
  });

  test(`axe finds nothing in what opens, ${colorScheme}`, limits, async () => {
    const fake = await fakeWithTraffic();
    const { page, check } = await openPage(world.browser, fake.origin, { colorScheme });
    const visit = async (hash, ready) => {
      await page.goto(`${fake.origin}/dashboard/${hash}`);
      await page.locator(ready).first().waitFor();
    };
    const passes = async (what) => assert.deepEqual(await accessibilityOf(page), [], what);
    await visit('#overview', '#traffic canvas');
    await page.locator('#traffic summary').click();
    await page.locator('#traffic .chart').focus();
    await page.keyboard.press('End');
    await page.locator('#traffic .tip').waitFor();
    await passes('a chart with its cursor and its table');
    await visit('#tail', '#tail tbody tr');
    await page.locator('#tail tbody button').first().click();
    await passes('a request with its details');
    await visit('#entries?model=text-embedding-test', '#entries tbody tr');
    await page.locator('#entries tbody button').first().click();
    await page.getByRole('button', { name: 'Show the vector' }).click();
    await page.locator('.sparkline').waitFor();
    await passes('an entry with its vector, and a filter');
    await page.locator('#open-purge').click();
    await page.getByRole('button', { name: 'See what would go' }).click();
    await page.locator('#purge-confirm').waitFor();
    await passes('the purge dialog');
    await page.keyboard.press('Escape');
    await visit('#explain', '#explain-form');
    await page.locator('#explain-body').fill('{"model": "m", "input": "new"}');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('#explained summary').click();
    await passes('an explanation');
    await visit('#search', '#search-form');
    await page.locator('#query').fill('x');
    await page.locator('#exact').check();
    await page.keyboard.press('Enter');
    await page.locator('#results li').first().waitFor();
    await passes('results');
    await check();
  });
}

test('every view fits a window of 360 pixels', limits, async () => {
  const fake = await fakeWithTraffic();
  const { page, check } = await openPage(world.browser, fake.origin, { viewport: { width: 360, height: 740 } });
  for (const view of kViews) {
    await page.goto(`${fake.origin}/dashboard/#${view}`);
    await page.locator(kReady[view]).first().waitFor();
    assert.equal(await overflowOf(page), 0, view);
    await shoot(page, `phone-${view}`);
  }
  assert.deepEqual(await accessibilityOf(page), []);
  await page.goto(`${fake.origin}/dashboard/#entries`);
  await page.locator('#open-purge').click();
  assert.equal(await overflowOf(page), 0);
  await shoot(page, 'phone-purge');
  await check();
});

test('views, a dialog and a chart are reached with the keyboard alone', limits, async () => {
  const fake = await fakeWithTraffic();
  const { page, check } = await openPage(world.browser, fake.origin);
  await reads(page, '#tile-requests', /160/);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
  const tabTo = async (wanted) => {
    for (let presses = 0; presses < 60; ++presses) {
      await page.keyboard.press('Tab');
      if (await focused() === wanted) return;
    }
    assert.fail(`Tab does not come to ${wanted}`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the numbers');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  assert.equal(new URL(page.url()).hash, '', 'skipping does not change the view');
  await page.keyboard.press('Tab');
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^Chart of outcomes/);

  await page.reload();
  await reads(page, '#tile-requests', /160/);
  await tabTo('Entries');
  await page.keyboard.press('Enter');
  await page.locator('#entries tbody tr').first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'a new view takes the focus');
  assert.equal(await page.title(), 'Entries · Larder');
  await tabTo('Purge…');
  await page.keyboard.press('Enter');
  const inDialog = () => page.evaluate(() => document.activeElement.closest('dialog') !== null);
  await page.locator('dialog[open]').waitFor();
  assert.equal(await inDialog(), true);
  await tabTo('See what would go');
  assert.equal(await inDialog(), true);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(await focused(), 'Purge…', 'the focus goes back to where it came from');
  await check();
});

test('the page is whole under its policy, and asks no other origin', limits, async () => {
  const { page, check } = await openPage(world.browser, world.larder.origin, { expected: [/TrustedHTML/] });
  for (const view of kViews) {
    await page.goto(`${world.larder.origin}/dashboard/#${view}`);
    await page.locator('main .card, main .tile').first().waitFor();
  }
  const answer = await fetch(`${world.larder.origin}/dashboard/`);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';/);
  assert.doesNotMatch(policy, /unsafe/);
  // The policy is at work: markup from text is refused.
  const violated = await page.evaluate(() => new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.policyReports.length = 0;
      resolve(event.violatedDirective);
    }, { once: true });
    try {
      document.body.innerHTML = '<p>no</p>';
    } catch { /* as it should be */ }
  }));
  assert.equal(violated, 'require-trusted-types-for');
  await page.locator('main').waitFor();
  await check();
});
