// Answers of the admin API for a made-up server with some history, so that every view has something to show.

const latency = (count, p50) => ({ count, mean: p50 * 1.2, p50, p95: p50 * 2.5, p99: p50 * 6 });
const row = (name, requests, hits, more = {}) => ({
  name, requests, hits, misses: requests - hits - 2, bypass: 2, errors: 1, inputs: 0, input_hits: 0,
  tokens_billed: 10 * (requests - hits), tokens_saved: 10 * hits, spent: 0.01, saved: 0.125, priced: true, hit_ms: 0.21,
  miss_ms: 840.5, ...more,
});

export function fakeStats() {
  const now = Math.floor(Date.now() / 1000);
  return {
    version: '0.2.0', upstream: 'https://api.example.test/v1', builtin: false, now, started_at: now - 90_000,
    uptime_s: 90_000, window_s: 3600,
    embeddings: { requests: 40, bypass: 1, inputs: 1200, input_hits: 900, hit_rate: 0.75 },
    responses: { requests: 110, hits: 60, misses: 38, bypass: 6, stale: 4, request: 2, hit_rate: 60 / 104 },
    requests: { total: 160, by_route: { chat: 100, embeddings: 40, passthrough: 10, responses: 10 }, errors_4xx: 3,
                errors_5xx: 1, incomplete: 1, stored: 70, collapsed: 5 },
    tokens: { billed: 4200, saved: 15_800 },
    latency_ms: { hit: latency(80, 0.21), miss: latency(70, 840), overhead: latency(150, 0.35),
                  upstream: latency(70, 838) },
    memory: { embeddings: { entries: 900, bytes: 5_400_000, limit_bytes: 268_435_456 },
              responses: { entries: 70, bytes: 310_000, limit_bytes: 134_217_728 }, evictions: 12 },
    store: { path: '/var/lib/larder', embeddings: { entries: 5200, bytes: 31_000_000 },
             responses: { entries: 700, bytes: 2_900_000 }, failures: 0, corrupt_records: 0 },
    index: { ready: true, vectors: 5200, bytes: 6_100_000, spaces: 2, queued: 0, refused: 0 },
    collections: { count: 3, loading: 0, points: 12_000, bytes: 14_000_000 },
    connections: 7, workers: { threads: 8, queued: 0 },
    money: { currency: 'USD', spent: 0.12, saved: 1.5, unpriced_tokens: 1200, unpriced_models: ['my-model'] },
    time_saved_s: 81.2,
    miss_reasons: { cold: 20, expired: 5, evicted: 3, purged: 1, changed: 30, bypass: 9, uncacheable: 2 },
    changed_fields: { temperature: 22, messages: 6, 'made-up': 2 },
    bypass_details: { 'skip-cache': 6, conversation: 3 },
    by_model: [row('gpt-test', 100, 60), row('text-embedding-test', 40, 25, { inputs: 1200, input_hits: 900 }),
               row('my-model', 12, 3, { priced: false, spent: 0, saved: 0 }),
               row('', 8, 0, { priced: null, hit_ms: null, miss_ms: null })],
    by_partition: [row('ab12cd34', 120, 70), row('=1+1(99)', 40, 18)],
    by_route: [row('chat', 100, 60), row('embeddings', 40, 25, { inputs: 1200, input_hits: 900 }),
               row('passthrough', 10, 0), row('responses', 10, 3)],
    disk: { used_bytes: 40_000_000, limit_bytes: 100_000_000, free_bytes: 9_000_000_000, min_free_bytes: 268_435_456,
            evicted_entries: 11, evicted_bytes: 70_000, state: 'ok', message: '' },
    maintenance: { tasks: [
      { name: 'expiry', running: false, last_started_at: now - 600, last_took_s: 0.4,
        last_result: 'dropped 12 entries, 1.2 MB', next_at: now + 3000 },
      { name: 'compaction', running: true, last_started_at: now - 2, last_took_s: null, last_result: '', next_at: null },
      { name: 'snapshot', running: false, last_started_at: null, last_took_s: null, last_result: '', next_at: now + 60 },
      { name: 'history', running: false, last_started_at: now - 30, last_took_s: 0.01, last_result: '', next_at: now + 30 },
    ] },
  };
}

const kSeconds = { '15m': 900, '1h': 3600, '6h': 21_600, '24h': 86_400, '7d': 604_800, '30d': 2_592_000 };

// The same wave for every window; the last step is the current one.
export function fakeTimeseries(window) {
  const seconds = kSeconds[window] ?? 3600;
  const step = seconds <= 21_600 ? 60 : seconds <= 86_400 ? 300 : 3600;
  const end = Math.floor(Date.now() / 1000 / step) * step;
  const points = Array.from({ length: seconds / step }, (_, i) => {
    const wave = Math.round(20 + 15 * Math.sin(i / 6));
    const quiet = i % 17 === 5;
    return {
      t: end - (seconds / step - 1 - i) * step, requests: quiet ? 0 : wave + 8,
      embedding_inputs: quiet ? 0 : wave, embedding_input_hits: quiet ? 0 : Math.round(wave * 0.7),
      response_hits: quiet ? 0 : 6, response_misses: quiet ? 0 : 3, response_stale: 0, response_request: 0,
      bypass: quiet ? 0 : 1, errors: i % 13 === 3 ? 2 : 0, errors_5xx: 0, tokens_billed: 10, tokens_saved: 30,
      hits: quiet ? 0 : 6, misses: quiet ? 0 : 3, spent: 0.001, saved: 0.01,
      hit_ms: quiet ? null : { p50: 0.2, p95: 0.4 + wave / 100, p99: 1.1 },
      miss_ms: quiet ? null : { p50: 600 + 10 * wave, p95: 1500, p99: 2600 + 20 * wave },
    };
  });
  return { step_s: step, points };
}

export function fakeEvent(seq, more = {}) {
  return {
    seq, time_ms: Date.now(), request_id: `req-${seq}`, trace_id: '', method: 'POST', path: '/v1/chat/completions',
    route: 'chat', status: 200, layer: 'responses', outcome: 'miss', why: 'cold', changed_field: '', reason: '',
    model: 'gpt-test', upstream: '', key: 'c'.repeat(64), partition: 'ab12cd34', items: 0, items_hit: 0,
    tokens_billed: 20, tokens_saved: 0, spent: 0.001, saved: 0, parse_us: 40, lookup_us: 110, upstream_us: 600_000,
    first_byte_us: 601_000, total_us: 900_000, bytes_out: 2000, complete: true, stored: true, collapsed: false, ...more,
  };
}

const kSettings = [
  ['server.listen', '127.0.0.1:8787', '127.0.0.1:8787', 'default', '', 'Address and port to listen on.'],
  ['cache.responses.lifetime_s', 7200, 3600, 'file', 's', 'How long an answer is fresh.'],
  ['cache.store.min_free_bytes', 268_435_456, 268_435_456, 'default', 'bytes', 'Below that nothing new is kept.'],
  ['upstream.api_key', '(redacted)', '', 'environment', '', 'The key that goes upstream.'],
  ['server.cors_origins', ['https://a.example'], [], 'file', '', 'Pages that may call the API.'],
];

export const fakeConfig = () => ({
  file: '/etc/larder/larder.toml',
  settings: kSettings.map(([key, value, usual, origin, unit, description]) =>
    ({ key, value, default: usual, origin, unit, description, secret: value === '(redacted)' })),
});

const digits = (n) => n.toString(16).padStart(64, '0');

// 120 embeddings and three answers; one text is markup, which must stay text.
export function fakeEntries() {
  const now = Math.floor(Date.now() / 1000);
  const common = (n) => ({ key: digits(n), upstream: '', partition: 'ab12cd34'.repeat(4), namespace: '',
                           stored_at: now - 60 * n, lifetime_s: 86_400, ttl_s: 86_400 - 60 * n, fresh: true });
  const embeddings = Array.from({ length: 120 }, (_, i) => ({
    ...common(i + 1), layer: 'embeddings', model: i % 2 ? 'other-embedding' : 'text-embedding-test', bytes: 6300,
    kind: 'text', dim: 64, input: i === 3 ? '<img src=x onerror=alert(1)>' : `jam number ${i}, on the shelf`,
    input_truncated: false, query_only: false, prompt_tokens: 6, total_tokens: 6, upstream_model: 'text-embedding-test',
    vector: Array.from({ length: 64 }, (_, k) => Math.sin(k + i) / 8),
  }));
  const responses = Array.from({ length: 3 }, (_, i) => ({
    ...common(0xc00 + i), key: i === 0 ? 'c'.repeat(64) : digits(0xc00 + i), layer: 'responses', model: 'gpt-test',
    bytes: 900, endpoint: 'chat', status: 200, stream: i === 1, prompt_tokens: 9, completion_tokens: 11,
    preview: `Larders keep jam ${i}.`, fields: [['content-type', 'application/json']],
    body: JSON.stringify({ choices: [{ message: { role: 'assistant', content: `Larders keep jam ${i}.` } }] }),
  }));
  return [...embeddings, ...responses];
}

export function fakeExplained(request) {
  if (typeof request.body !== 'object') return { error: 400, message: 'body is not JSON' };
  const hit = request.body.input === 'kept';
  const entry = hit ? fakeEntries()[0] : null;
  return {
    route: 'embeddings', layer: 'embeddings', partition: 'ab12cd34'.repeat(4), namespace: '', upstream: '',
    model: request.body.model, would: hit ? 'hit' : 'miss', why: hit ? '' : 'changed',
    detail: hit ? 'A fresh entry answers.' : 'An entry is like it but for one field.', key: digits(hit ? 1 : 0xfff),
    canonical: JSON.stringify(request.body),
    key_parts: { version: 1, tag: 'embedding', partition: 'ab12cd34', namespace: '', model: request.body.model },
    not_in_key: ['user', 'encoding_format'], entry,
    nearest: hit ? null : { key: digits(1), changed_field: 'dimensions', detail: 'It was asked with 64 dimensions.' },
    inputs: [{ index: 0, key: digits(1), would: hit ? 'hit' : 'miss', why: hit ? '' : 'changed', entry }],
  };
}
