// Chromium, and pages that are watched: whatever goes to another origin, is refused by the policy or lands in the
// console is remembered, and a test fails by it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const kAxe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const kTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true,
    args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
           '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

// A page of its own context at `origin` + `path` + `hash`. expected: patterns of console lines that belong to the
// test. others: origins besides that the page may ask.
// -> { page, complaints, check() }; check() throws when there was anything to complain about.
export async function openPage(browser, origin, { hash = '', viewport = { width: 1280, height: 900 },
                                                  colorScheme = 'light', expected = [], others = [],
                                                  path = '/dashboard/' } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', timezoneId: 'UTC',
                                             reducedMotion: 'reduce', acceptDownloads: true });
  const page = await context.newPage();
  const complaints = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'blob:' && ![origin, ...others].includes(url.origin)) complaints.push(`asked ${request.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (!expected.some((pattern) => pattern.test(message.text()))) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.stack}`));
  await page.addInitScript(() => {
    window.policyReports = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.policyReports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  await page.goto(`${origin}${path}${hash}`);
  return {
    page,
    async check() {
      const reports = await page.evaluate(() => window.policyReports);
      assert.deepEqual([...complaints, ...reports], []);
      await context.close();
    },
  };
}

// What axe finds against WCAG 2.2 AA, one line a finding.
export async function accessibilityOf(page) {
  await page.evaluate(kAxe);
  const { violations } = await page.evaluate((tags) =>
    window.axe.run(document, { runOnly: { type: 'tag', values: tags }, rules: { 'target-size': { enabled: true } } }),
  kTags);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${id}: ${target.join(' ')}: ${failureSummary.replaceAll('\n', ' ')}`));
}

// How many pixels the page is wider than its window.
export const overflowOf = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// A picture for people, when SHOTS names a folder.
export async function shoot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

export const kViews = ['overview', 'misses', 'breakdown', 'tail', 'entries', 'search', 'explain', 'server'];

// What has to be there before a view is looked at.
export const kReady = {
  overview: '#latency canvas', misses: '.causes li', breakdown: '#by_route tbody tr', tail: '#tail tbody tr',
  entries: '#entries tbody tr', search: '#search-form', explain: '#explain-form', server: '#config tbody tr',
};
