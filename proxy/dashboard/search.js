// The search box: POST /v1/search, as any client would. The API key lives in its field only.

import { count, millis } from './format.js';

const byId = (id) => document.getElementById(id);
const form = byId('search-form');
const state = byId('search-state');
const results = byId('results');

function say(text, trouble = false) {
  state.textContent = text;
  state.classList.toggle('trouble-text', trouble);
}

function resultItem({ score, text }) {
  const item = document.createElement('li');
  const bar = document.createElement('div');
  bar.className = 'score';
  const progress = document.createElement('progress');
  progress.max = 1;
  progress.value = Math.max(0, score);
  progress.setAttribute('aria-hidden', 'true');
  const number = document.createElement('b');
  number.textContent = score.toFixed(3);
  bar.append(progress, number);
  const words = document.createElement('div');
  words.className = 'text';
  words.textContent = text ?? '(no text)';
  item.append(bar, words);
  return item;
}

async function search() {
  const headers = { 'Content-Type': 'application/json' };
  const key = byId('key').value.trim();
  if (key) headers.Authorization = `Bearer ${key}`;
  const began = performance.now();
  const response = await fetch('/v1/search', {
    method: 'POST', headers, credentials: 'omit', signal: AbortSignal.timeout(30_000),
    body: JSON.stringify({ query: byId('query').value, model: byId('model').value.trim(), top_k: 10 }),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok || !Array.isArray(answer?.data)) {
    throw new Error(answer?.error?.message ?? `the server answered ${response.status}`);
  }
  return { found: answer.data, took: performance.now() - began };
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  say('Searching…');
  try {
    const { found, took } = await search();
    results.replaceChildren(...found.map(resultItem));
    say(found.length === 0 ?
      'Nothing found. Search sees only texts that were embedded with this model and this API key.' :
      `${count(found.length)} nearest by cosine similarity, in ${millis(took)}.`);
  } catch (error) {
    results.replaceChildren();
    const what = error.name === 'TimeoutError' ? 'no answer within 30 s' :
      error instanceof TypeError ? 'Larder could not be reached' : error.message;
    say(`That did not work: ${what}.`.replace(/\.\.$/, '.'), true);
  } finally {
    button.disabled = false;
  }
});

// Fills in the model once, unless somebody has typed one.
export function suggestModel(name) {
  const field = byId('model');
  if (field.value === '') field.value = name;
}
