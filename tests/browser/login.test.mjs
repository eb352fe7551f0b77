// Logging in to the dashboard: by the admin token, by an OpenID provider, and what a session may.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { startLarder } from '../clients/support/larder.mjs';
import { accessibilityOf, kReady, kViews, launch, openPage, overflowOf, shoot } from './support/browser.mjs';
import { startProvider } from './support/oidc_provider.mjs';
import { embed, limits, reads, tile } from './support/world.mjs';

const kToken = 'open-sesame-open-sesame';
const kRefusals = [/Failed to load resource/];
const world = {};

before(async () => {
  world.browser = await launch();
  world.larder = await startLarder({ upstream: 'builtin', env: { LARDER_ADMIN_TOKEN: kToken } });
}, limits);
after(async () => {
  await world.browser?.close();
  await world.larder?.dispose();
}, limits);

const login = (path = '/dashboard/', more = {}) =>
  openPage(world.browser, world.larder.origin, { expected: kRefusals, path, ...more });
const logInWith = async (page, token) => {
  await page.locator('#token').fill(token);
  await page.keyboard.press('Enter');
};
const logIn = async (page) => {
  await logInWith(page, kToken);
  await reads(page, '#tile-requests', /\d/);
};
const pathOf = (page) => new URL(page.url()).pathname;

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing on the login page, ${colorScheme}`, limits, async () => {
    const { page, check } = await login('/dashboard/login', { colorScheme });
    await page.locator('#token').waitFor();
    assert.deepEqual(await accessibilityOf(page), []);
    await shoot(page, `login-${colorScheme}`);
    await logInWith(page, 'wrong');
    await reads(page, '[role=alert]', /^That is not the admin token\.$/);
    assert.deepEqual(await accessibilityOf(page), [], 'with its error');
    await shoot(page, `login-${colorScheme}-wrong`);
    await check();
  });
}

test('the login page fits a window of 360 pixels', limits, async () => {
  const { page, check } = await login('/dashboard/login?why=ended', { viewport: { width: 360, height: 740 } });
  await reads(page, '[role=status]', /^Your session has ended/);
  assert.equal(await overflowOf(page), 0);
  await shoot(page, 'login-phone');
  await check();
});

test('the dashboard asks for the token, refuses a wrong one, opens to the right one and stays open', limits, async () => {
  const { page, check } = await login();
  assert.equal(pathOf(page), '/dashboard/login');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  await logInWith(page, 'wrong');
  await reads(page, '[role=alert]', /not the admin token/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  await logInWith(page, kToken);
  await tile(page, 'requests', '0');
  assert.equal(pathOf(page), '/dashboard/');
  await page.reload();
  await tile(page, 'requests', '0');
  const cookies = await page.context().cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })),
                   [{ name: 'larder_admin', httpOnly: true, sameSite: 'Strict' }]);
  assert.equal(cookies[0].value.includes(kToken), false);
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), ['larder_theme'], 'the page keeps no secret');
  await check();
});

test('every view works with a session, and a purge by the page carries its csrf token', limits, async () => {
  await embed(world.larder.origin, 'jam to be purged');
  const { page, check } = await login('/dashboard/login');
  await logIn(page);
  for (const view of kViews.filter((each) => !['misses', 'breakdown', 'overview'].includes(each))) {
    await page.goto(`${world.larder.origin}/dashboard/#${view}`);
    await page.locator(kReady[view]).first().waitFor();
  }
  await page.goto(`${world.larder.origin}/dashboard/#entries`);
  await reads(page, '#entries tbody', /jam to be purged/);
  await page.locator('#open-purge').click();
  await page.locator('#purge-input').fill('jam to be purged');
  await page.getByRole('button', { name: 'See what would go' }).click();
  const changed = page.waitForRequest((request) => request.url().endsWith('/admin/v1/purge'));
  await page.locator('#purge-confirm').click();
  assert.match((await changed).headers()['x-csrf-token'], /^[0-9a-f]{64}$/);
  await reads(page, '#purge', /1 entry/);
  // The same without the token is refused, whatever else the browser sends along.
  const status = await page.evaluate(async () => (await fetch('/admin/v1/purge', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"all":true}' })).status);
  assert.equal(status, 403);
  await check();
});

test('logging out ends the session here and on the server', limits, async () => {
  const { page, check } = await login('/dashboard/login');
  await logIn(page);
  const [{ value }] = await page.context().cookies();
  await page.getByRole('button', { name: 'Log out' }).click();
  await reads(page, '[role=status]', /^You are logged out\.$/);
  assert.deepEqual(await page.context().cookies(), []);
  const answer = await fetch(`${world.larder.origin}/admin/v1/stats`, { headers: { cookie: `larder_admin=${value}` } });
  assert.equal(answer.status, 401);
  await page.goto(`${world.larder.origin}/dashboard/`);
  assert.equal(pathOf(page), '/dashboard/login');
  await check();
});

test('a session that ends during use leads to the login and back to the same view', limits, async () => {
  const { page, check } = await login('/dashboard/login');
  await logIn(page);
  await page.goto(`${world.larder.origin}/dashboard/#breakdown?range=24h`);
  await page.locator('#by_route').waitFor();
  await page.context().clearCookies();
  await reads(page, '[role=status]', /^Your session has ended: log in again\.$/);
  await logInWith(page, kToken);
  await page.locator('#by_route').waitFor();
  assert.equal(new URL(page.url()).hash, '#breakdown?range=24h');
  await check();
});

test('a server without a token asks for none and has no way out', limits, async () => {
  const open = await startLarder({ upstream: 'builtin' });
  try {
    const { page, check } = await openPage(world.browser, open.origin, { path: '/dashboard/login' });
    await tile(page, 'requests', '0');
    assert.equal(await page.locator('#log-out').count(), 0);
    await check();
  } finally {
    await open.dispose();
  }
});

test('with an address of its own the dashboard is there alone, and its search works', limits, async () => {
  const parted = await startLarder({ upstream: 'builtin', config: '[admin]\nlisten = "127.0.0.1:0"\n' });
  try {
    const { admin_address: admin } = parted.stderr.split('\n').filter(Boolean).map((line) => JSON.parse(line))
      .find((line) => line.admin_address);
    assert.equal((await fetch(`${parted.origin}/dashboard/`)).status, 404);
    await embed(parted.origin, 'jam on the second shelf');
    const { page, check } = await openPage(world.browser, admin, { hash: '#search' });
    await page.locator('#query').fill('jam on the second shelf');
    await page.keyboard.press('Enter');
    await reads(page, '#results', /jam on the second shelf/);
    await check();
  } finally {
    await parted.dispose();
  }
});

// A port that was free a moment ago: the provider has to know it beforehand.
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function larderWith(provider, more = '') {
  const port = await freePort();
  provider.redirectUrl = `http://127.0.0.1:${port}/dashboard/oidc/callback`;
  return startLarder({
    upstream: 'builtin', args: ['--listen', `127.0.0.1:${port}`], env: { OIDC_SECRET: provider.clientSecret },
    config: `[admin]\noidc_issuer = "${provider.origin}"\noidc_client_id = "${provider.clientId}"\n` +
      `oidc_client_secret_env = "OIDC_SECRET"\noidc_redirect_url = "${provider.redirectUrl}"\n` +
      `oidc_allowed = ["*@example.org"]\n${more}`,
  });
}

test('an OpenID provider lets in whom the rules allow, and nobody else', limits, async () => {
  const provider = await startProvider();
  const larder = await larderWith(provider);
  try {
    const { page, check } = await openPage(world.browser, larder.origin,
                                           { expected: kRefusals, hash: '#server', others: [provider.origin] });
    await page.getByRole('link', { name: /^Log in with localhost:\d+$/ }).waitFor();
    assert.equal(await page.locator('#token').count(), 0, 'there is no token to ask for');
    assert.deepEqual(await accessibilityOf(page), []);
    await shoot(page, 'login-provider');

    provider.person = { sub: 'user-2', email: 'jam@elsewhere.example', email_verified: true };
    await page.getByRole('link', { name: /^Log in with/ }).click();
    await page.locator('#go-on').click();
    await reads(page, '[role=alert]', /not among those who may in/);
    assert.deepEqual((await page.context().cookies(larder.origin)).map(({ name }) => name), []);

    provider.person = { sub: 'user-1', email: 'jam@example.org', email_verified: true };
    await page.getByRole('link', { name: /^Log in with/ }).click();
    await page.locator('#go-on').click();
    await tile(page, 'requests', '0');
    const session = await page.evaluate(async () => (await fetch('/admin/v1/session')).json());
    assert.equal(session.user, 'jam@example.org');
    const names = (await page.context().cookies(larder.origin)).map(({ name }) => name);
    assert.deepEqual(names, ['larder_admin'], 'the cookie of the way is gone');
    await page.getByRole('button', { name: 'Log out' }).click();
    await reads(page, '[role=status]', /logged out/);
    assert.deepEqual(provider.refused, []);
    assert.doesNotMatch(larder.stderr, /hush|code=/);
    await check();
  } finally {
    await larder.dispose();
    await provider.close();
  }
});

test('the answer to one browser lets no other in', limits, async () => {
  const provider = await startProvider();
  const larder = await larderWith(provider);
  try {
    const options = { expected: kRefusals, others: [provider.origin] };
    const mine = await openPage(world.browser, larder.origin, options);
    await mine.page.getByRole('link', { name: /^Log in with/ }).click();
    const back = await mine.page.locator('#go-on').getAttribute('href');
    const other = await openPage(world.browser, larder.origin, options);
    await other.page.goto(back);
    await reads(other.page, '[role=alert]', /was not begun by this browser/);
    await mine.page.locator('#go-on').click();
    await reads(mine.page, '[role=alert]', /was finished before/);
    await mine.check();
    await other.check();
  } finally {
    await larder.dispose();
    await provider.close();
  }
});
