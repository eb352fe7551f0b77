// The page's one loop: asks for stats and timeseries every two seconds, shows them, and says so when
// it cannot. States of the body: loading, live, lost (no answer), token (401).

import { Chart } from './chart.js';
import { timeWithSeconds } from './format.js';
import { suggestModel } from './search.js';
import { defaultModel, detailsOf, fillStart, fillTables, fillTiles, statusOf } from './views.js';

const POLL_MS = 2000;
const SLOWEST_POLL_MS = 15_000;
const TOKEN_KEY = 'larder_admin_token';
const RANGES = ['15m', '1h', '24h'];

const byId = (id) => document.getElementById(id);
const chart = new Chart();
let range = RANGES.includes(location.hash.slice(1)) ? location.hash.slice(1) : '1h';
let paused = false;
let failures = 0;
let lastUpdate = null;
let lastKind = '';
let timer = 0;
let current = null; // AbortController of the poll in flight

class TokenNeeded extends Error {}

const readToken = () => sessionStorage.getItem(TOKEN_KEY) ?? '';

async function get(path, signal) {
  const token = readToken();
  const response = await fetch(`/admin/v1/${path}`, {
    cache: 'no-store', signal, headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  if (response.ok) return response.json();
  const answer = await response.json().catch(() => null);
  const message = answer?.error?.message ?? `the server answered ${response.status}`;
  throw response.status === 401 ? new TokenNeeded(message) : new Error(message);
}

function setState(state) {
  document.body.dataset.state = state;
  byId('token-form').hidden = state !== 'token';
  byId('forget').hidden = state === 'token' || readToken() === '';
}

// The sentence is for the eye; a screen reader hears only when the situation changes.
function say({ level, kind, text }, details) {
  document.querySelector('.status').dataset.level = level;
  byId('sentence').textContent = text;
  byId('details').textContent = details;
  if (kind !== lastKind) byId('announce').textContent = text;
  lastKind = kind;
}

function show(stats, series) {
  lastUpdate = new Date();
  failures = 0;
  setState('live');
  byId('version').textContent = stats.version;
  byId('builtin').hidden = !stats.builtin;
  say(statusOf(stats, range), `${detailsOf(stats)} · updated ${timeWithSeconds(lastUpdate)}`);
  fillStart(stats);
  fillTiles(stats);
  fillTables(stats);
  chart.show(series.points, range);
  suggestModel(defaultModel(stats));
}

function showLost(error) {
  ++failures;
  setState(lastUpdate ? 'lost' : 'loading');
  const unreachable = error instanceof TypeError || error.name === 'TimeoutError';
  say({ level: 'bad', kind: 'lost',
    text: unreachable ? 'Larder does not answer. Trying again.' : `Larder answers with an error: ${error.message}` },
  lastUpdate ? `The numbers below are of ${timeWithSeconds(lastUpdate)}.` : 'There are no numbers yet.');
}

function askForToken(error) {
  const refused = readToken() !== '';
  sessionStorage.removeItem(TOKEN_KEY);
  setState('token');
  byId('token-why').textContent = refused ? 'That token was not accepted.' :
    'This server shows its numbers only to those who have its admin token.';
  byId('token-why').title = error.message;
  byId('token').value = '';
  byId('token').focus();
}

async function poll() {
  clearTimeout(timer);
  current?.abort();
  const mine = current = new AbortController();
  const signal = AbortSignal.any ? AbortSignal.any([mine.signal, AbortSignal.timeout(10_000)]) : mine.signal;
  try {
    const [stats, series] = await Promise.all([
      get(`stats?window=${range}`, signal), get(`timeseries?window=${range}`, signal)]);
    if (mine === current) show(stats, series);
  } catch (error) {
    if (mine !== current) return; // a newer poll has taken over
    if (error instanceof TokenNeeded) {
      askForToken(error);
      return;
    }
    showLost(error);
  }
  if (mine === current) schedule();
}

function schedule() {
  clearTimeout(timer);
  if (paused || document.hidden) return;
  timer = setTimeout(poll, Math.min(POLL_MS * 2 ** Math.max(0, failures - 3), SLOWEST_POLL_MS));
}

for (const input of document.querySelectorAll('input[name="range"]')) {
  input.checked = input.value === range;
  input.addEventListener('change', () => {
    range = input.value;
    history.replaceState(null, '', `#${range}`);
    poll();
  });
}

byId('pause').addEventListener('click', () => {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
  if (paused) schedule(); else poll();
});

byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, byId('token').value.trim());
  poll();
});

byId('forget').addEventListener('click', () => {
  sessionStorage.removeItem(TOKEN_KEY);
  poll();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !paused && document.body.dataset.state !== 'token') poll();
});

if (navigator.clipboard) {
  byId('copy').hidden = false;
  byId('copy').addEventListener('click', async () => {
    await navigator.clipboard.writeText(byId('snippet').textContent);
    byId('copy').textContent = 'Copied';
    setTimeout(() => { byId('copy').textContent = 'Copy'; }, 1500);
  });
}

poll();
