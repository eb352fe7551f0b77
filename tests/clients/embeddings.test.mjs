// Embeddings through Larder, seen by the official client. Each test embeds texts that carry its own name, so that none
// finds what another left behind; the counts of upstream calls start at zero in each.
import assert from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import { BadRequestError, InternalServerError, NotFoundError, clientOf, observe, send } from './support/client.mjs';
import { answerEmbeddingsBackwards, base64Of, embeddingsAnswer, kDimensions, kWrongEmbeddings, tokensOf,
         vectorOf } from './support/fake_embeddings.mjs';
import { startFakeUpstream } from './support/fake_upstream.mjs';
import { startLarder } from './support/larder.mjs';
import { closedGate } from './support/waiting.mjs';

const kModel = 'text-embedding-test';
const kThirtyDays = 30 * 24 * 3600;
const limits = { timeout: 90_000 };

let upstream;
let larder;
let client;

before(async () => {
  upstream = await startFakeUpstream();
  larder = await startLarder({ upstream: upstream.url });
  client = clientOf(larder);
}, limits);
beforeEach(() => upstream.reset());
after(async () => {
  await upstream?.stop();
  await larder?.dispose();
}, limits);

const embed = (input, more = {}, options = {}) =>
  observe(client.embeddings.create({ model: kModel, input, ...more }, options));
const vectorsIn = ({ data }) => data.data.map((item) => item.embedding);
const expected = (inputs, dimensions) => inputs.map((input) => vectorOf(input, kModel, dimensions));
const textsFor = (t, count) => Array.from({ length: count }, (_, i) => `${t.name}, text ${i}`);
const upstreamCalls = () => upstream.callsTo('/v1/embeddings').length;

test('the first call goes upstream and the second is answered from the cache', limits, async (t) => {
  const first = await embed(t.name);
  const second = await embed(t.name);

  assert.equal(upstreamCalls(), 1);
  assert.deepEqual(vectorsIn(first), expected([t.name]));
  assert.deepEqual(second.data, first.data);
  assert.equal(second.data.model, `${kModel}-0001`, 'the model is named as upstream named it');
  assert.deepEqual(second.data.usage, { prompt_tokens: tokensOf(t.name), total_tokens: tokensOf(t.name) });
});

test('a miss and a hit tell what they were in their headers', limits, async (t) => {
  const miss = await embed(t.name);
  assert.equal(miss.cache.name, 'larder');
  assert.equal(miss.cache.fwd, 'miss');
  assert.equal(miss.cache['fwd-status'], 200);
  assert.equal(miss.cache.stored, true);
  assert.equal(miss.cache.hit, undefined);
  assert.equal(miss.cache.detail, 'items=1,hit=0');
  assert.equal(miss.headers.get('cf-aig-cache-status'), 'MISS');
  assert.equal(miss.headers.get('age'), null);
  assert.equal(miss.headers.get('x-larder-billed-tokens'), String(tokensOf(t.name)));
  assert.equal(miss.headers.get('x-request-id'), `req_fake_${upstream.requests[0].number}`);
  assert.ok(miss.headers.has('x-ratelimit-remaining-requests'));
  assert.match(miss.headers.get('server-timing'), /\bupstream;dur=[\d.]+/);

  const hit = await embed(t.name);
  assert.equal(hit.cache.hit, true);
  assert.ok(hit.cache.ttl > kThirtyDays - 60 && hit.cache.ttl <= kThirtyDays, `ttl=${hit.cache.ttl}`);
  assert.equal(hit.cache.fwd, undefined);
  assert.equal(hit.headers.get('cf-aig-cache-status'), 'HIT');
  assert.match(hit.headers.get('age'), /^\d+$/);
  assert.equal(hit.headers.get('x-larder-billed-tokens'), '0');
  assert.ok(hit.headers.get('x-request-id'));
  assert.equal(hit.headers.get('x-ratelimit-remaining-requests'), null, 'a hit uses up no rate limit');

  for (const { headers } of [miss, hit]) {
    for (const phase of ['parse', 'lookup', 'total']) {
      assert.match(headers.get('server-timing'), new RegExp(`\\b${phase};dur=[\\d.]+`));
    }
    assert.match(headers.get('content-type'), /^application\/json/);
    assert.match(headers.get('cache-control'), /private/);
    assert.match(headers.get('cache-control'), /no-store/);
  }
});

test('a batch of eight with five cached forwards exactly the three missing', limits, async (t) => {
  const texts = textsFor(t, 8);
  const missing = [0, 3, 7].map((i) => texts[i]);
  await embed(texts.filter((text) => !missing.includes(text)));
  upstream.reset();

  const batch = await embed(texts);

  assert.deepEqual(upstream.embeddedInputs.sort(), missing.sort());
  assert.deepEqual(vectorsIn(batch), expected(texts));
  assert.deepEqual(batch.data.data.map((item) => item.index), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(batch.cache.detail, 'items=8,hit=5');
  assert.equal(batch.cache.fwd, 'miss');
  assert.equal(batch.headers.get('cf-aig-cache-status'), 'MISS');
  assert.equal(batch.headers.get('x-larder-billed-tokens'), String(missing.map(tokensOf).reduce((a, b) => a + b)));
});

test('usage on hits adds up to what upstream charged for the batch', limits, async (t) => {
  const texts = textsFor(t, 7).map((text, i) => text + '.'.repeat(i));
  const batch = await embed(texts);
  const again = await embed(texts);
  const alone = await Promise.all(texts.map((text) => embed(text)));

  assert.equal(upstreamCalls(), 1);
  assert.deepEqual(again.data.usage, batch.data.usage);
  const sum = alone.reduce((total, { data }) => total + data.usage.prompt_tokens, 0);
  assert.equal(sum, texts.map(tokensOf).reduce((a, b) => a + b));
});

test('a text that stands several times in a batch goes up once', limits, async (t) => {
  const [a, b] = textsFor(t, 2);
  const batch = await embed([a, b, a, a, b]);

  assert.deepEqual(upstream.embeddedInputs.sort(), [a, b].sort());
  assert.deepEqual(vectorsIn(batch), expected([a, b, a, a, b]));
  assert.deepEqual(batch.data.data.map((item) => item.index), [0, 1, 2, 3, 4]);
  assert.equal(batch.headers.get('x-larder-billed-tokens'), String(tokensOf(a) + tokensOf(b)));
});

test('an answer that upstream gives out of order is put right', limits, async (t) => {
  const texts = textsFor(t, 5);
  upstream.misbehave(answerEmbeddingsBackwards);
  const miss = await embed(texts);
  const hit = await embed(texts);

  assert.deepEqual(vectorsIn(miss), expected(texts));
  assert.deepEqual(miss.data.data.map((item) => item.index), [0, 1, 2, 3, 4]);
  assert.deepEqual(vectorsIn(hit), expected(texts));
  assert.equal(upstreamCalls(), 1);
});

for (const [stored, asked] of [['base64', 'float'], ['float', 'base64']]) {
  test(`what was stored as ${stored} is given as ${asked}, bit for bit`, limits, async (t) => {
    // The ends of float32: smallest and largest magnitudes, and neighbours of 1.
    const edges = [2 ** -149, -(2 ** -126), 3.4028234663852886e38, 1 + 2 ** -23, 1 - 2 ** -24, Math.fround(0.1), 0, -1];
    upstream.misbehave(embeddingsAnswer({ vectors: () => [edges] }));
    const miss = await embed(t.name, { encoding_format: stored });
    const hit = await embed(t.name, { encoding_format: asked });

    assert.equal(upstreamCalls(), 1);
    const inForm = { float: edges, base64: base64Of(edges) };
    assert.deepEqual(vectorsIn(miss), [inForm[stored]]);
    assert.deepEqual(vectorsIn(hit), [inForm[asked]]);
  });
}

test('a request without an encoding_format gets floats', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const response = await send(`${larder.url}/embeddings`, { body: { model: kModel, input: t.name } });
    assert.deepEqual(vectorsIn({ data: await response.json() }), expected([t.name]), round);
  }
  assert.equal(upstreamCalls(), 1);
});

test('an upstream that ignores encoding_format still gives each client its form', limits, async (t) => {
  const values = [0.1, -0.7, 1 / 3];  // none of them fits a float32
  upstream.misbehave(embeddingsAnswer({ ignoreFormat: true, vectors: () => [values] }));
  const asBase64 = await embed(t.name);
  const asFloat = await embed(t.name, { encoding_format: 'float' });

  assert.deepEqual(vectorsIn(asBase64), [values.map(Math.fround)]);
  assert.deepEqual(vectorsIn(asFloat), [values], 'what float32 cannot hold is kept in full');
  assert.equal(upstreamCalls(), 1);
});

test('token arrays are cached one by one and apart from texts', limits, async () => {
  const batch = [[1001, 2, 3], [1001, 2], [1001]];
  await embed(batch[1]);
  upstream.reset();

  const mixed = await embed(batch);
  assert.deepEqual(upstream.embeddedInputs.sort(), [[1001, 2, 3], [1001]].sort());
  assert.deepEqual(vectorsIn(mixed), expected(batch));

  await embed(batch);
  assert.equal(upstreamCalls(), 1);
  for (const text of ['[1001,2]', '1001,2']) {
    assert.equal((await embed(text)).cache.fwd, 'miss', 'a text that looks like tokens is another input');
  }
});

test('a text and an array of that one text share an entry', limits, async (t) => {
  await embed(t.name);
  assert.deepEqual(vectorsIn(await embed([t.name])), expected([t.name]));
  assert.equal(upstreamCalls(), 1);
});

test('one byte of difference is another entry', limits, async (t) => {
  const base = `${t.name} é`;
  const variants = [base, base.toUpperCase(), `${base} `, ` ${base}`, base.normalize('NFD'), `${base}\n`, `${base}\0`];
  for (const text of variants) assert.deepEqual(vectorsIn(await embed(text)), expected([text]));
  assert.deepEqual(upstream.embeddedInputs, variants);
});

test('dimensions keeps entries apart', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    assert.deepEqual(vectorsIn(await embed(t.name, { dimensions: 8 })), expected([t.name], 8), round);
    assert.deepEqual(vectorsIn(await embed(t.name)), expected([t.name], kDimensions), round);
  }
  assert.equal(upstreamCalls(), 2);
});

test('a different model, project or unknown field is another entry', limits, async (t) => {
  const variants = [[{}], [{ model: 'text-embedding-other' }], [{ input_type: 'query' }],
                    [{}, { headers: { 'OpenAI-Project': 'proj_1' } }],
                    [{}, { headers: { 'OpenAI-Organization': 'org_1' } }]];
  for (const [fields, options] of variants) assert.equal((await embed(t.name, fields, options)).cache.fwd, 'miss');
  assert.equal(upstreamCalls(), variants.length);
  for (const [fields, options] of variants) assert.equal((await embed(t.name, fields, options)).cache.hit, true);
});

test('who asks on whose behalf is not in the key', limits, async (t) => {
  await embed(t.name);
  const variants = [[{ user: 'bob' }], [{ safety_identifier: 'b0b' }],
                    [{}, { headers: { 'x-stainless-retry-count': '2' } }]];
  for (const [fields, options] of variants) assert.equal((await embed(t.name, fields, options)).cache.hit, true);
  assert.equal(upstreamCalls(), 1);
});

test('different API keys do not share', limits, async (t) => {
  await embed(t.name);
  const other = await observe(clientOf(larder, 'sk-bob').embeddings.create({ model: kModel, input: t.name }));

  assert.equal(other.cache.fwd, 'miss');
  assert.deepEqual(upstream.requests.map(({ headers }) => headers.authorization), ['Bearer sk-alice', 'Bearer sk-bob']);
});

test('concurrent identical requests collapse into one upstream call', limits, async (t) => {
  const gate = closedGate();
  upstream.misbehave(embeddingsAnswer({ hold: gate.passed }));
  const calls = Array.from({ length: 6 }, () => embed(t.name));
  await upstream.until('the leader', () => upstreamCalls() > 0);
  gate.open();

  for (const call of await Promise.all(calls)) assert.deepEqual(vectorsIn(call), expected([t.name]));
  assert.equal(upstreamCalls(), 1);
});

test('a text in flight for one batch is not sent again for another', limits, async (t) => {
  // Every batch has a text of its own. When all of those are up while the first call is still held, every batch has
  // looked for the shared text and found it in flight.
  const [shared, ...own] = textsFor(t, 5);
  const gate = closedGate();
  upstream.misbehave(embeddingsAnswer({ hold: gate.passed }));
  const calls = own.map((text) => embed([shared, text]));
  await upstream.until('every text of its own', () => own.every((text) => upstream.embeddedInputs.includes(text)));
  const seen = upstream.embeddedInputs;
  gate.open();

  const answers = await Promise.all(calls);
  assert.deepEqual(seen.sort(), [shared, ...own].sort());
  answers.forEach((answer, i) => assert.deepEqual(vectorsIn(answer), expected([shared, own[i]])));
  assert.equal(upstream.embeddedInputs.length, own.length + 1);
});

test('no-store leaves nothing behind', limits, async (t) => {
  const noStore = await embed(t.name, {}, { headers: { 'Cache-Control': 'no-store' } });
  assert.equal(noStore.cache.stored, undefined);
  assert.equal((await embed(t.name)).cache.fwd, 'miss');
  assert.equal(upstreamCalls(), 2);
});

for (const [what, handler] of Object.entries(kWrongEmbeddings)) {
  for (const format of ['float', 'base64']) {
    test(`an upstream answer with ${what} (${format}) is a 502 and is not stored`, limits, async (t) => {
      const texts = textsFor(t, 3);
      upstream.misbehave(handler);
      await assert.rejects(embed(texts, { encoding_format: format }), (error) => {
        assert.ok(error instanceof InternalServerError, String(error));
        assert.equal(error.status, 502);
        assert.equal(typeof error.error?.message, 'string', 'the body is an OpenAI error object');
        assert.equal(cacheStored(error.headers), false);
        return true;
      });

      upstream.reset();
      assert.deepEqual(vectorsIn(await embed(texts)), expected(texts));
      assert.deepEqual(upstream.embeddedInputs.sort(), texts.sort());
    });
  }
}

function cacheStored(headers) {
  return /;\s*stored\b/.test(headers.get('cache-status') ?? '');
}

test('an upstream error passes unchanged and the next call goes up again', limits, async (t) => {
  for (const round of ['first', 'second']) {
    await assert.rejects(embed(t.name, { model: 'no-such-model' }), (error) => {
      assert.ok(error instanceof NotFoundError, `${round}: ${error}`);
      assert.equal(error.code, 'model_not_found');
      return true;
    });
  }
  assert.equal(upstreamCalls(), 2);
});

// What no embeddings API takes is refused by Larder itself; nothing goes up.
const kMalformed = {
  'malformed JSON': '{"model": "text-embedding-test", "input": "never closed',
  'bytes after the document': '{"model": "text-embedding-test", "input": "a"} {}',
  'a body that is no object': '["a"]',
  'no input': { model: kModel },
  'no model': { input: 'a' },
  'a model that is no string': { model: 7, input: 'a' },
  'an input that is a number': { model: kModel, input: 7 },
  'an input that is an object': { model: kModel, input: { text: 'a' } },
  'an input that is null': { model: kModel, input: null },
  'texts and numbers mixed': { model: kModel, input: ['a', 1] },
  'tokens that are no integers': { model: kModel, input: [[1.5]] },
  'an empty batch': { model: kModel, input: [] },
  '2049 inputs': { model: kModel, input: Array.from({ length: 2049 }, (_, i) => `${i}`) },
};
for (const [what, body] of Object.entries(kMalformed)) {
  test(`a request with ${what} is a bad request and stays here`, limits, async () => {
    // A string is sent as it stands when the content type is given.
    const call = client.post('/embeddings', { body, headers: { 'Content-Type': 'application/json' } });
    await assert.rejects(call, (error) => isOpenAIBadRequest(error));
    assert.equal(upstreamCalls(), 0);
  });
}

test('an empty text is a bad request and spoils the whole batch', limits, async (t) => {
  // Whether Larder or upstream says so is open: some upstreams do embed the empty text.
  await assert.rejects(embed(''), (error) => isOpenAIBadRequest(error));
  await assert.rejects(embed([t.name, '']), (error) => isOpenAIBadRequest(error));
});

function isOpenAIBadRequest(error) {
  assert.ok(error instanceof BadRequestError, String(error));
  assert.equal(error.type, 'invalid_request_error');
  assert.ok(error.error.message.length > 0);
  assert.ok('param' in error.error && 'code' in error.error, 'the error object has all four members');
  assert.ok(error.requestID);
  return true;
}

test('2048 inputs are one legal batch', limits, async (t) => {
  const texts = textsFor(t, 2048);
  assert.deepEqual(vectorsIn(await embed(texts, { dimensions: 2 })), expected(texts, 2));
  const hit = await embed(texts, { dimensions: 2 });
  assert.deepEqual(vectorsIn(hit), expected(texts, 2));
  assert.equal(hit.cache.hit, true);
  assert.equal(upstreamCalls(), 1);
});

for (const [how, end] of [['stop and start', (it) => it.stop()], ['kill -9', (it) => it.kill()]]) {
  test(`entries survive ${how}`, limits, async (t) => {
    const own = await startLarder({ upstream: upstream.url });
    t.after(() => own.dispose());
    const ask = () => observe(clientOf(own).embeddings.create({ model: kModel, input: t.name }));
    const before = await ask();
    assert.equal(before.cache.stored, true);
    await end(own);
    await own.start();

    const afterwards = await ask();
    assert.equal(afterwards.cache.hit, true);
    assert.deepEqual(afterwards.data, before.data);
    assert.equal(upstreamCalls(), 1);
  });
}
