// What each file needs: a real Larder with the built-in provider, a fake one with made-up answers, and Chromium.
import { after, before } from 'node:test';
import { startLarder } from '../../clients/support/larder.mjs';
import { eventually } from '../../clients/support/waiting.mjs';
import { launch } from './browser.mjs';
import { startFake } from './fake_server.mjs';

export const limits = { timeout: 180_000 };
const kPatienceMs = 30_000;

// Registers the hooks. What it returns is filled before the first test: { larder, browser, fake() }.
export function setUp(options = {}) {
  const world = {};
  const fakes = [];
  before(async () => {
    world.larder = await startLarder({ upstream: 'builtin', ...options });
    world.browser = await launch();
    world.fake = async () => {
      const fake = await startFake(world.larder.origin);
      fakes.push(fake);
      return fake;
    };
  }, limits);
  after(async () => {
    await world.browser?.close();
    for (const fake of fakes) await fake.close();
    await world.larder?.dispose();
  }, limits);
  return world;
}

// Waits until the text of the first `selector` fulfils `is` (a pattern, or a function); returns that text.
export async function reads(page, selector, is) {
  const fulfils = is instanceof RegExp ? (text) => is.test(text) : is;
  let last = null;
  try {
    return await eventually(kPatienceMs, 'it', async () => {
      const found = page.locator(selector).first();
      last = await found.count() > 0 ? (await found.innerText()).replace(/\s+/g, ' ').trim() : null;
      return last !== null && fulfils(last) && (last || ' ');
    });
  } catch {
    throw new Error(`${selector} reads ${JSON.stringify(last)}, not ${is}`);
  }
}

export const tile = (page, name, figure, note) =>
  reads(page, `#tile-${name}`, (text) => text.includes(figure) && (note === undefined || text.includes(note)));

// A request of the API, as a client sends it. -> the answer's JSON.
export async function send(origin, path, body, headers = {}) {
  const answer = await fetch(`${origin}${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

export const embed = (origin, input, headers) => send(origin, '/v1/embeddings', { model: 'larder-hash-384', input }, headers);
export const chat = (origin, content, more = {}) =>
  send(origin, '/v1/chat/completions', { model: 'larder-echo', messages: [{ role: 'user', content }], ...more });

export async function statsOf(origin, query = '') {
  return (await fetch(`${origin}/admin/v1/stats${query}`)).json();
}
