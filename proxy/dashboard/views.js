// Stats become words: the status sentence, the tiles and the tables. Nothing here asks the server.

import { bytes, count, duration, millis, percent } from './format.js';

const byId = (id) => document.getElementById(id);
const RANGE_WORDS = { '15m': 'the last 15 minutes', '1h': 'the last hour', '24h': 'the last 24 hours' };

// What the page says first: {level, kind, text}. `kind` changes only when the situation does.
export function statusOf(stats, range) {
  const { embeddings, responses, requests, store, index } = stats;
  const asked = embeddings.inputs + responses.hits + responses.misses + responses.stale + responses.request;
  const cached = embeddings.input_hits + responses.hits;
  const when = RANGE_WORDS[range];
  if (requests.errors_5xx > 0 && requests.errors_5xx >= requests.total * 0.05) {
    return { level: 'bad', kind: 'errors', text: `${count(requests.errors_5xx)} of ${count(requests.total)} ` +
      `requests in ${when} failed. Is the upstream reachable?` };
  }
  // What is wrong without failing a request comes after what works.
  const [also, alsoKind] =
    store.failures > 0 ? [` The disk has refused ${count(store.failures)} reads or writes since the start.`, '-disk'] :
      index.ready ? ['', ''] : [' The search index is still being rebuilt.', '-rebuilding'];
  const say = (kind, text) => ({ level: also ? 'warn' : 'ok', kind: kind + alsoKind, text: text + also });
  if (asked === 0) return say('idle', `Larder is ready. It was asked nothing in ${when}.`);
  if (cached === 0) {
    return say('filling', `Larder is filling its cache: all that was asked in ${when} was new.`);
  }
  return say('answering', `Larder is answering from the cache: ${percent(cached / asked)} of what was asked in ` +
    `${when} needed no upstream call.`);
}

export function detailsOf(stats) {
  const upstream = stats.builtin ? 'built-in stand-in' : stats.upstream;
  return `Upstream ${upstream} · up ${duration(stats.uptime_s)} · ${count(stats.connections)} ` +
    (stats.connections === 1 ? 'connection' : 'connections');
}

// `figure` is a number, perhaps with a unit ("12%", "3 ms"), which is set small.
function fillTile(id, figure, note, share, trouble = false) {
  const tile = byId(id);
  const [, number, unit] = /^(.*?) ?(%|[µm]?s)?$/.exec(figure);
  const small = document.createElement('small');
  small.textContent = unit ?? '';
  tile.querySelector('.figure').replaceChildren(number, ...(unit ? [small] : []));
  const text = tile.querySelector('.soft');
  text.textContent = note;
  text.classList.toggle('trouble', trouble);
  const bar = tile.querySelector('progress');
  if (bar) bar.value = share ?? 0;
}

function latencyNote({ count: n, p99 }) {
  return n === 0 ? 'none timed yet' : `median (p50); p99\u00a0${millis(p99).replace(' ', '\u00a0')}`;
}

export function fillTiles(stats) {
  const { embeddings, responses, requests, tokens, latency_ms: latency } = stats;
  const asked = responses.hits + responses.misses + responses.stale + responses.request;
  fillTile('tile-embeddings', percent(embeddings.hit_rate), embeddings.inputs === 0 ? 'no inputs yet' :
    `${count(embeddings.input_hits)} of ${count(embeddings.inputs)} inputs`, embeddings.hit_rate);
  fillTile('tile-responses', percent(responses.hit_rate), asked === 0 ? 'no requests yet' :
    `${count(responses.hits)} of ${count(asked)} requests`, responses.hit_rate);
  const all = tokens.saved + tokens.billed;
  fillTile('tile-tokens', count(tokens.saved), `${count(tokens.billed)} billed`, all === 0 ? 0 : tokens.saved / all);
  const errors = requests.errors_4xx + requests.errors_5xx;
  fillTile('tile-requests', count(requests.total), errors === 0 ? 'no errors' :
    `${count(requests.errors_4xx)} refused (4xx), ${count(requests.errors_5xx)} failed (5xx)`, null,
  requests.errors_5xx > 0);
  fillTile('tile-hit', millis(latency.hit.p50), latencyNote(latency.hit));
  fillTile('tile-miss', millis(latency.miss.p50), latencyNote(latency.miss));
}

// Rows are [heading, cell, ...]; a cell is a text or {text, class}.
function fillRows(id, rows) {
  byId(id).querySelector('tbody').replaceChildren(...rows.map(([heading, ...cells]) => {
    const row = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = heading;
    row.append(head);
    for (const cell of cells) {
      const td = row.insertCell();
      td.textContent = cell.text ?? cell;
      if (cell.class) td.className = cell.class;
    }
    return row;
  }));
}

const troubleIfAny = (value) => ({ text: count(value), class: value > 0 ? 'trouble' : '' });

export function fillTables(stats) {
  const { memory, store, index, collections, workers, requests } = stats;
  const size = (name, { entries, bytes: used }) => [name, count(entries), bytes(used)];
  fillRows('held', [
    size('Embeddings in memory', memory.embeddings), size('Embeddings on disk', store.embeddings),
    size('Responses in memory', memory.responses), size('Responses on disk', store.responses)]);
  const routes = Object.entries(requests.by_route).sort((a, b) => b[1] - a[1]);
  fillRows('routes', routes.length === 0 ? [['none yet', '']] : routes.map(([name, n]) => [name, count(n)]));
  fillRows('index', [
    ['Vectors', count(index.vectors)], ['Memory', bytes(index.bytes)], ['Spaces', count(index.spaces)],
    ['Left out for want of memory', troubleIfAny(index.refused)]]);
  fillRows('collections', [
    ['Collections', collections.loading > 0 ?
      `${count(collections.count)}, ${count(collections.loading)} still loading` : count(collections.count)],
    ['Points', count(collections.points)], ['Memory', bytes(collections.bytes)]]);
  fillRows('server', [
    ['Workers', `${count(workers.threads)}, ${count(workers.queued)} requests waiting`],
    ['Answers stored', count(requests.stored)],
    ['Calls collapsed', count(requests.collapsed)],
    ['Evicted from memory', count(memory.evictions)],
    ['Refused by the disk', troubleIfAny(store.failures)],
    ['Damaged records', troubleIfAny(store.corrupt_records)],
    ['Data directory', { text: store.path || 'none: in memory only', class: 'path' }]]);
  fillIndexState(index, store);
}

function fillIndexState(index, store) {
  const bar = byId('index-progress');
  const busy = !index.ready || index.queued > 0;
  const all = index.ready ? index.vectors + index.queued : Math.max(store.embeddings.entries, index.vectors);
  bar.hidden = !busy;
  bar.value = all === 0 ? 0 : index.vectors / all;
  byId('index-state').textContent = !index.ready ?
    `Being rebuilt from disk: ${count(index.vectors)} of about ${count(all)}.` :
    index.queued > 0 ? `Up to date but for ${count(index.queued)} waiting.` :
      index.vectors > 0 ? 'Up to date: every text embedded here can be searched.' :
        'Empty: texts appear here once they were embedded.';
}

export function fillStart(stats) {
  const unused = stats.store.embeddings.entries + stats.store.responses.entries +
    stats.memory.embeddings.entries + stats.memory.responses.entries === 0 && stats.requests.total === 0;
  byId('start').hidden = !unused;
  if (!unused) return;
  const base = `${location.origin}/v1`;
  byId('base-url').textContent = base;
  const key = stats.builtin ? '' : " \\\n  -H \"Authorization: Bearer $OPENAI_API_KEY\"";
  byId('snippet').textContent = `curl -i ${base}/embeddings${key} \\\n  -H 'Content-Type: application/json' \\\n` +
    `  -d '{"model": "${defaultModel(stats)}", "input": "jam on the second shelf"}'`;
}

export const defaultModel = (stats) => (stats.builtin ? 'larder-hash-384' : 'text-embedding-3-small');
