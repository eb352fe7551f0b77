// A server with the admin API of docs/api.md and made-up answers, to show the page in states that a real one reaches
// only by accident. The page itself comes from a real Larder.
import { once } from 'node:events';
import http from 'node:http';
import { fakeConfig, fakeEntries, fakeEvent, fakeExplained, fakeStats, fakeTimeseries } from './fake_answers.mjs';

const json = (response, status, value) => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'private, no-store' });
  response.end(JSON.stringify(value));
};
const refuse = (response, status, message) => json(response, status, { error: { message, type: 'error' } });

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

// assets: the origin of a real Larder.
export async function startFake(assets) {
  const fake = new FakeServer(assets);
  await fake.listen();
  return fake;
}

class FakeServer {
  stats = fakeStats();
  readiness = { status: 'ok', index: 'ready', index_percent: 100, collections: 'ready', collections_percent: 100 };
  entries = fakeEntries();
  events = [];
  absent = new Set();   // endpoints that are answered 404
  failing = false;      // everything is answered 503
  requests = [];        // "METHOD path?query" of the API, and the body
  scanPerCall = 50;
  origin;
  #assets;
  #streams = new Set();
  #server = http.createServer((request, response) => {
    this.#answer(request, response).catch((error) => refuse(response, 500, error.message));
  });

  constructor(assets) {
    this.#assets = assets;
  }

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  // A request that finished: told to whoever follows.
  push(event) {
    this.events.push(event);
    for (const stream of this.#streams) stream(event);
  }

  dropConnections() {
    this.#server.closeAllConnections();
  }

  get followers() { return this.#streams.size; }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname.startsWith('/dashboard')) return this.#asset(url, response);
    if (url.pathname === '/readyz') return json(response, 200, this.readiness);
    if (url.pathname === '/v1/search') return this.#search(request, response);
    const path = url.pathname.replace('/admin/v1/', '');
    const body = await bodyOf(request);
    this.requests.push({ call: `${request.method} ${path}${url.search}`, body, headers: request.headers });
    if (this.failing) return refuse(response, 503, 'the disk is on fire');
    const endpoint = path.split('/')[0];
    if (this.absent.has(endpoint)) return refuse(response, 404, 'the admin API has no such path');
    const handlers = {
      stats: () => json(response, 200, this.stats),
      timeseries: () => json(response, 200, fakeTimeseries(url.searchParams.get('window'))),
      config: () => json(response, 200, fakeConfig()),
      session: () => json(response, 200, { by: 'open' }),
      events: () => this.#follow(url, request, response),
      entries: () => this.#entries(request, path, url, response),
      purge: () => this.#purge(body, response),
      explain: () => {
        const answer = fakeExplained(body);
        return answer.error ? refuse(response, answer.error, answer.message) : json(response, 200, answer);
      },
      maintenance: () => json(response, 202, { task: body.task, started: true }),
    };
    return handlers[endpoint] ? handlers[endpoint]() : refuse(response, 404, 'the admin API has no such path');
  }

  async #asset(url, response) {
    const answer = await fetch(this.#assets + url.pathname, { redirect: 'manual' });
    const kept = ['content-type', 'content-security-policy', 'etag', 'x-content-type-options', 'referrer-policy'];
    const headers = kept.filter((name) => answer.headers.has(name)).map((name) => [name, answer.headers.get(name)]);
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  #follow(url, request, response) {
    const outcome = url.searchParams.get('outcome') ?? '';
    const after = Number(request.headers['last-event-id'] ?? -1);
    const wanted = (event) => (outcome === '' || event.outcome === outcome) && event.seq > after;
    const tell = (event) => {
      if (wanted(event)) response.write(`id: ${event.seq}\nevent: request\ndata: ${JSON.stringify(event)}\n\n`);
    };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    this.events.slice(-Number(url.searchParams.get('recent') ?? 50)).forEach(tell);
    this.#streams.add(tell);
    response.on('close', () => this.#streams.delete(tell));
  }

  #entries(request, path, url, response) {
    const key = path.split('/')[1];
    if (key) {
      const entry = this.entries.find((each) => each.key === key);
      if (!entry) return refuse(response, 404, 'there is no such entry');
      if (request.method === 'DELETE') {
        this.entries = this.entries.filter((each) => each !== entry);
        return json(response, 200, { deleted: 1 });
      }
      const { vector, ...rest } = entry;
      return json(response, 200, url.searchParams.get('vector') === 'true' ? { ...rest, vector } : rest);
    }
    const parameters = Object.fromEntries(url.searchParams);
    const { layer = 'embeddings', q = '', model, partition, limit = 50, cursor = 0 } = parameters;
    const all = this.entries.filter((entry) => entry.layer === layer);
    const seen = all.slice(Number(cursor), Number(cursor) + this.scanPerCall);
    const found = seen.filter((entry) => (entry.input ?? entry.preview).toLowerCase().includes(q.toLowerCase()) &&
      (!model || entry.model === model) && (!partition || entry.partition.startsWith(partition))).slice(0, Number(limit));
    // A page that is full ends behind its last entry, one that is not behind the last that was looked at.
    const next = found.length === Number(limit) ? all.indexOf(found.at(-1)) + 1 : Number(cursor) + seen.length;
    json(response, 200, { layer, data: found.map(({ vector, body, fields, ...entry }) => entry),
                          next_cursor: next < all.length ? String(next) : null, scanned: next - Number(cursor) });
  }

  #purge(body, response) {
    const { layer, model, partition, prefix, input, key, dry_run: dry } = body;
    const goes = (entry) => (!layer || entry.layer === layer) && (!model || entry.model === model) &&
      (!partition || entry.partition.startsWith(partition)) && (!prefix || entry.input?.startsWith(prefix)) &&
      (!input || entry.input === input) && (!key || entry.key === key);
    const matched = this.entries.filter(goes).length;
    if (!dry) this.entries = this.entries.filter((entry) => !goes(entry));
    json(response, 200, { matched, deleted: dry ? 0 : matched, dry_run: dry, took_ms: 12 });
  }

  // The approximate search misses the second of the exact one.
  async #search(request, response) {
    const body = await bodyOf(request);
    const matches = [0.91, 0.85, 0.6, 0.4].map((score, i) => ({ id: `id-${i}`, score, text: `text ${i}`, metadata: null }));
    const found = body.exact ? matches.slice(0, 3) : [matches[0], matches[2], matches[3]];
    json(response, 200, { object: 'list', model: body.model, data: found, exact: body.exact ?? false });
  }
}

export { fakeEvent };
