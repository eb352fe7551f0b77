// The rows of upstream. That nothing is stored shows in the next request, which asks upstream again; that it recovers, in
// that its answer is right and the one after it a hit.
import assert from 'node:assert/strict';
import path from 'node:path';
import { startFaultyUpstream } from './support/faulty_upstream.mjs';
import { Server, scratch } from './support/server.mjs';

const kSettings = `
[upstream]
first_byte_timeout_s = 1
max_retries = 0
[cache.responses]
lifetime_s = 1
stale_while_revalidate_s = 0
`;
const kMessages = [{ role: 'user', content: 'hello' }];

// ask: the request; sees: what its answer must be.
const row = (kind, fault, sees, { input, chat, stream } = {}) => ({ kind, check: async () => {
  const upstream = await startFaultyUpstream();
  const server = new Server(path.join(scratch('upstream'), 'data'), { settings: kSettings, upstream: upstream.url });
  const ask = () => (chat
    ? server.ask('POST', '/v1/chat/completions', { model: 'm', messages: kMessages, ...(stream ? { stream: true } : {}) })
    : server.ask('POST', '/v1/embeddings', { model: 'm', input: input ?? 'a text' }));
  try {
    await server.start();
    if (fault === 'refuses') await upstream.refuse();
    else upstream.fault = fault;
    const answer = await ask().catch((error) => ({ broken: error }));
    sees(answer);
    if (fault === 'refuses') await upstream.accept();
    upstream.fault = 'none';
    if (stream) return 'nothing stored, cut where upstream was cut';
    const next = await ask();
    assert.equal(next.status, 200, next.text);
    assert.match(next.cache, /fwd=miss/, 'what failed was not stored');
    assert.match((await ask()).cache, /; hit/);
    return `${answer.status} ${answer.json?.error?.code ?? ''}`;
  } finally {
    await server.kill();
    upstream.stop();
  }
} });
const isError = (status, code) => (answer) => {
  assert.equal(answer.status, status, answer.text ?? String(answer.broken));
  assert.equal(answer.json.error.code, code);
};

export const kUpstreamRows = [
  row('upstream refuses connections', 'refuses', isError(502, 'upstream_unavailable')),
  row('upstream closes before it answers', 'closes', isError(502, 'upstream_unavailable')),
  row('upstream does not answer', 'stalls', isError(504, 'upstream_timeout')),
  row('upstream cuts an answer', 'cuts the body', (answer) => assert.equal(answer.status, 502, answer.text)),
  row('upstream cuts a stream', 'cuts the stream', (answer) => assert.ok(answer.broken, 'the client sees no clean end'),
      { chat: true, stream: true }),
  row('upstream fails (5xx)', 'fails with 500', (answer) => {
    assert.equal(answer.status, 500);
    assert.match(answer.text, /upstream is broken/);
  }, { chat: true }),
  row('upstream limits the rate', 'limits the rate', (answer) => {
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get('retry-after'), '7');
  }, { chat: true }),
  row('upstream answers what is no answer', 'answers no JSON', isError(502, 'upstream_invalid_reply')),
  row('upstream answers with too few vectors', 'answers too few', isError(502, 'upstream_invalid_reply')),
  row('upstream answers with vectors of different lengths', 'mixes dimensions', isError(502, 'upstream_invalid_reply'),
      { input: ['one', 'two'] }),
  { kind: 'upstream fails and a stale answer is at hand', check: async () => {
    const upstream = await startFaultyUpstream();
    const server = new Server(path.join(scratch('upstream'), 'data'), { settings: kSettings, upstream: upstream.url });
    const ask = () => server.ask('POST', '/v1/chat/completions', { model: 'm', messages: kMessages });
    try {
      await server.start();
      const fresh = await ask();
      upstream.fault = 'fails with 500';
      let stale = await ask();
      while (/; hit; ttl/.test(stale.cache) && !/stale/.test(stale.cache)) stale = await ask();  // until it is stale
      assert.equal(stale.status, 200);
      assert.match(stale.cache, /stale-if-error/);
      assert.equal(stale.text, fresh.text);
      upstream.fault = 'none';
      assert.match((await ask()).cache, /fwd=stale/);
      return stale.cache;
    } finally {
      await server.kill();
      upstream.stop();
    }
  } },
];
