// Chat completions and the rest of the API through Larder, seen by the official client. Each test asks something that
// carries its own name; the counts of upstream calls start at zero in each.
import assert from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import { AuthenticationError, BadRequestError, InternalServerError, NotFoundError, RateLimitError, bytesOf,
         cacheStatusOf, clientOf, observe, send, toFile } from './support/client.mjs';
import { chatAnswer, kReply, kToolArguments } from './support/fake_chat.mjs';
import { errorAnswer } from './support/fake_errors.mjs';
import { binaryBytes, uploadedFile } from './support/fake_others.mjs';
import { startFakeUpstream } from './support/fake_upstream.mjs';
import { startLarder } from './support/larder.mjs';
import { closedGate, within } from './support/waiting.mjs';

const kModel = 'gpt-test';
const kHour = 3600;
const kReplyText = kReply.join('');
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

const question = (text, more = {}) => ({ model: kModel, messages: [{ role: 'user', content: text }], ...more });
const ask = (text, more, options) => observe(client.chat.completions.create(question(text, more), options));
const stream = (text, more, options) => ask(text, { stream: true, ...more }, options);
const sendChat = (body, options = {}) => send(`${larder.url}/chat/completions`, { body, ...options });
const upstreamCalls = () => upstream.callsTo('/v1/chat/completions').length;
const transcriptOf = (request) => Buffer.concat(request.sent).toString();

async function chunksOf({ data }) {
  const chunks = [];
  for await (const chunk of data) chunks.push(chunk);
  return chunks;
}
const textIn = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

// ---- Not streamed

test('the first question goes upstream and the second is answered from the cache', limits, async (t) => {
  const miss = await ask(t.name);
  const hit = await ask(t.name);

  assert.equal(upstreamCalls(), 1);
  assert.equal(miss.data.choices[0].message.content, kReplyText);
  assert.deepEqual(hit.data, miss.data);
  assert.equal(miss.cache.fwd, 'miss');
  assert.equal(miss.cache['fwd-status'], 200);
  assert.equal(miss.cache.stored, true);
  assert.equal(miss.headers.get('cf-aig-cache-status'), 'MISS');
  assert.equal(miss.headers.get('x-request-id'), `req_fake_${upstream.requests[0].number}`);
  assert.ok(miss.headers.has('x-ratelimit-remaining-requests'));
  assert.equal(hit.cache.hit, true);
  assert.ok(hit.cache.ttl > kHour - 60 && hit.cache.ttl <= kHour, `ttl=${hit.cache.ttl}`);
  assert.equal(hit.headers.get('cf-aig-cache-status'), 'HIT');
  assert.match(hit.headers.get('age'), /^\d+$/);
  assert.equal(hit.headers.get('x-ratelimit-remaining-requests'), null);
});

test('every field that can change the answer is in the key', limits, async (t) => {
  const variants = [{}, { temperature: 0 }, { seed: 1 }, { seed: 2 }, { max_completion_tokens: 5 },
                    { reasoning_effort: 'low' }, { response_format: { type: 'json_object' } }, { stop: ['x'] },
                    { logit_bias: { 50256: -100 } }, { model: 'gpt-other' }, { a_field_of_tomorrow: true }];
  for (const more of variants) assert.equal((await ask(t.name, more)).cache.fwd, 'miss', JSON.stringify(more));
  assert.equal(upstreamCalls(), variants.length);
});

test('who asks on whose behalf is not in the key', limits, async (t) => {
  await ask(t.name);
  const variants = [{ user: 'u' }, { safety_identifier: 's' }, { prompt_cache_key: 'p' }, { metadata: { trace: '1' } }];
  for (const more of variants) {
    assert.equal((await ask(t.name, more)).cache.hit, true, JSON.stringify(more));
  }
});

test('the spelling of the JSON is not in the key', limits, async (t) => {
  const content = JSON.stringify(t.name);
  const spellings = [
    `{"model":"${kModel}","temperature":1,"messages":[{"role":"user","content":${content}}]}`,
    `{ "messages" : [ { "content": ${content},\n"role": "user" } ], "temperature": 1.0, "model": "${kModel}" }`,
    `{"model":"gpt\\u002dtest","temperature":10e-1,"messages":[{"role":"user","content":${content}}]}`,
  ];
  for (const body of spellings) assert.equal((await sendChat(body)).status, 200);
  assert.equal(upstreamCalls(), 1);
});

test('different API keys do not share answers', limits, async (t) => {
  await ask(t.name);
  const other = await observe(clientOf(larder, 'sk-bob').chat.completions.create(question(t.name)));
  assert.equal(other.cache.fwd, 'miss');
  assert.deepEqual(upstream.requests.map(({ headers }) => headers.authorization), ['Bearer sk-alice', 'Bearer sk-bob']);
});

test('tools and tool calls pass unaltered, streamed and not, missed and hit', limits, async (t) => {
  const parameters = { type: 'object', properties: { z: { type: 'string' }, a: { enum: [1, 2.5, null] } } };
  const tools = [{ type: 'function', function: { name: 'weather', description: 'Wie „warm“?', parameters } }];
  const tool_choice = { type: 'function', function: { name: 'weather' } };
  for (const round of ['miss', 'hit']) {
    const whole = await ask(t.name, { tools, tool_choice, seed: 1 });
    assert.equal(whole.data.choices[0].message.tool_calls[0].function.arguments, kToolArguments, round);
    assert.equal(whole.data.choices[0].finish_reason, 'tool_calls');
    const chunks = await chunksOf(await stream(t.name, { tools, tool_choice, seed: 2 }));
    const parts = chunks.flatMap((chunk) => chunk.choices[0].delta.tool_calls ?? []);
    assert.equal(parts[0].id, 'call_1');
    assert.equal(parts.map((part) => part.function.arguments).join(''), kToolArguments, round);
  }
  assert.equal(upstreamCalls(), 2);
  for (const { json } of upstream.requests) assert.deepEqual([json.tools, json.tool_choice], [tools, tool_choice]);
});

// ---- Streamed

test('chunks arrive while upstream is still in the middle of its answer', limits, async (t) => {
  const gate = closedGate();
  upstream.misbehave(chatAnswer({ holdAfter: 4, hold: gate.passed }));
  const { data } = await stream(t.name);
  const chunks = data[Symbol.asyncIterator]();
  const early = [];
  // Upstream has sent a comment, the role and two words, and does not go on before the gate opens.
  for (let i = 0; i < 3; ++i) early.push((await within(10_000, 'a chunk before the end', chunks.next())).value);
  assert.equal(textIn(early), kReply.slice(0, 2).join(''));

  gate.open();
  const late = [];
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) late.push(next.value);
  assert.equal(textIn([...early, ...late]), kReplyText);
  assert.equal(late.at(-1).choices[0].finish_reason, 'stop');
});

test('a streamed answer is replayed byte for byte', limits, async (t) => {
  const miss = await sendChat(question(t.name, { stream: true }));
  const missed = (await bytesOf(miss)).toString();
  const hit = await sendChat(question(t.name, { stream: true }));
  const replayed = (await bytesOf(hit)).toString();

  assert.equal(upstreamCalls(), 1);
  assert.equal(missed, transcriptOf(upstream.requests[0]));
  assert.equal(replayed, missed);
  assert.equal(cacheStatusOf(miss.headers).fwd, 'miss');
  assert.equal(cacheStatusOf(hit.headers).hit, true);
  for (const { headers } of [miss, hit]) assert.match(headers.get('content-type'), /^text\/event-stream/);
});

test('a replayed stream gives the client the same chunks', limits, async (t) => {
  const missed = await chunksOf(await stream(t.name));
  const replayed = await chunksOf(await stream(t.name));
  assert.equal(textIn(missed), kReplyText);
  assert.deepEqual(replayed, missed);
  assert.equal(upstreamCalls(), 1);
});

test('a follower reads a running stream from its start', limits, async (t) => {
  const gate = closedGate();
  upstream.misbehave(chatAnswer({ holdAfter: 3, hold: gate.passed }));
  const leader = await stream(t.name);
  const follower = await within(10_000, 'the follower gets its head', stream(t.name));
  assert.equal(follower.cache.collapsed, true);
  gate.open();

  const [led, followed] = await Promise.all([chunksOf(leader), chunksOf(follower)]);
  assert.equal(textIn(led), kReplyText);
  assert.deepEqual(followed, led);
  assert.equal(upstreamCalls(), 1);
});

test('concurrent identical questions collapse into one upstream call', limits, async (t) => {
  const gate = closedGate();
  upstream.misbehave(chatAnswer({ hold: gate.passed }));
  const calls = Array.from({ length: 6 }, () => ask(t.name));
  await upstream.until('the leader', () => upstreamCalls() > 0);
  gate.open();
  const ids = (await Promise.all(calls)).map(({ data }) => data.id);
  assert.deepEqual(ids, Array(6).fill(ids[0]));
  assert.equal(upstreamCalls(), 1);
});

test('a stream that upstream cuts is an error for the client and is not stored', limits, async (t) => {
  upstream.misbehave(chatAnswer({ cutAfter: 4 }));
  await assert.rejects(async () => chunksOf(await stream(t.name)));
  // The SDK would take an orderly end for the whole answer, so the connection itself has to break.
  await assert.rejects(async () => bytesOf(await sendChat(question(t.name, { stream: true }))), TypeError);

  upstream.reset();
  const whole = await stream(t.name);
  assert.equal(whole.cache.fwd, 'miss');
  assert.equal(textIn(await chunksOf(whole)), kReplyText);
  assert.equal(upstreamCalls(), 1);
});

test('a stream that ends without [DONE] is not stored', limits, async (t) => {
  upstream.misbehave(chatAnswer({ endAfter: 4 }));
  // Whether the client sees a short answer or an error is open; that nobody else gets it is not.
  await stream(t.name).then(chunksOf).catch(() => {});

  upstream.reset();
  assert.equal(textIn(await chunksOf(await stream(t.name))), kReplyText);
  assert.equal(upstreamCalls(), 1);
});

test('usage comes at the end of a stream exactly when it is asked for', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const asked = await chunksOf(await stream(`${t.name}, asked`, { stream_options: { include_usage: true } }));
    assert.equal(asked.at(-1).usage?.completion_tokens, kReply.length, round);
    const silent = await chunksOf(await stream(`${t.name}, silent`));
    assert.ok(silent.every((chunk) => !chunk.usage), round);
  }
  assert.equal(upstreamCalls(), 2);
});

// ---- Control

test('no-store leaves nothing behind', limits, async (t) => {
  const noStore = { headers: { 'Cache-Control': 'no-store' } };
  assert.equal((await ask(t.name, {}, noStore)).cache.stored, undefined);
  assert.equal((await ask(t.name)).cache.fwd, 'miss');
  assert.equal((await ask(t.name)).cache.hit, true);
  assert.equal(upstreamCalls(), 2);
});

test('no-cache goes upstream and renews the entry', limits, async (t) => {
  const first = await ask(t.name);
  const renewed = await ask(t.name, {}, { headers: { 'Cache-Control': 'no-cache' } });
  const hit = await ask(t.name);

  assert.equal(renewed.cache.fwd, 'request');
  assert.notEqual(renewed.data.id, first.data.id);
  assert.equal(hit.cache.hit, true);
  assert.equal(hit.data.id, renewed.data.id);
});

test('only-if-cached answers from the cache or not at all', limits, async (t) => {
  const onlyIfCached = { headers: { 'Cache-Control': 'only-if-cached' } };
  await assert.rejects(ask(t.name, {}, onlyIfCached), { status: 504 });
  assert.equal(upstreamCalls(), 0);
  await ask(t.name);
  assert.equal((await ask(t.name, {}, onlyIfCached)).cache.hit, true);
});

// ---- Errors

const kErrors = [
  [401, AuthenticationError, { code: 'invalid_api_key' }],
  [404, NotFoundError, { code: 'model_not_found' }],
  [429, RateLimitError, { code: 'rate_limit_exceeded', type: 'requests',
                          headers: { 'retry-after': '7', 'retry-after-ms': '6500', 'x-should-retry': 'false' } }],
  [500, InternalServerError, { type: 'server_error' }],
  [400, BadRequestError, { code: 'context_length_exceeded' }],
];
for (const [status, errorClass, details] of kErrors) {
  test(`an upstream ${status} passes unchanged and is not stored`, limits, async (t) => {
    upstream.misbehave(errorAnswer(status, `${t.name}: \u{1F9C0} "quoted"`, details));
    for (const streamed of [false, true]) {
      await assert.rejects(ask(t.name, { stream: streamed }), (error) => {
        assert.ok(error instanceof errorClass, String(error));
        assert.equal(error.code, details.code ?? null);
        for (const [name, value] of Object.entries(details.headers ?? {})) assert.equal(error.headers.get(name), value);
        return true;
      });
    }
    const direct = await (await send(`${upstream.url}/chat/completions`, { body: question(t.name) })).text();
    const relayed = await (await sendChat(question(t.name))).text();
    assert.equal(relayed, direct, 'the bytes of the body');

    upstream.reset();
    assert.equal((await ask(t.name)).cache.fwd, 'miss');
    assert.equal(upstreamCalls(), 1);
  });
}

test('a wrong API key is refused by upstream even for a cached answer', limits, async (t) => {
  await ask(t.name);
  const intruder = clientOf(larder, 'sk-wrong');
  await assert.rejects(intruder.chat.completions.create(question(t.name)), AuthenticationError);
});

test('an upstream that cannot be reached is a 502 in the shape of OpenAI', limits, async (t) => {
  const gone = await startFakeUpstream();
  const { url } = gone;
  await gone.stop();
  const alone = await startLarder({ upstream: url });
  t.after(() => alone.dispose());
  await assert.rejects(clientOf(alone).chat.completions.create(question(t.name)), (error) => {
    assert.equal(error.status, 502);
    assert.equal(typeof error.error?.message, 'string');
    return true;
  });
});

test('malformed JSON is a bad request and stays here', limits, async () => {
  const call = client.post('/chat/completions', { body: '{"model":', headers: { 'Content-Type': 'application/json' } });
  await assert.rejects(call, (error) => error instanceof BadRequestError && error.type === 'invalid_request_error');
  assert.equal(upstreamCalls(), 0);
});

// ---- Other endpoints

test('the list of models and a single model are cached', limits, async () => {
  const listed = await observe(client.models.list());
  assert.deepEqual(listed.data.data.map((model) => model.id), ['gpt-test', 'text-embedding-test']);
  const hit = await observe(client.models.list());
  assert.deepEqual(hit.data.data, listed.data.data);
  assert.equal(hit.cache.hit, true);
  assert.ok(hit.cache.ttl <= 300, `five minutes at most, ttl=${hit.cache.ttl}`);
  for (const round of [1, 2]) assert.equal((await client.models.retrieve('gpt-test')).id, 'gpt-test', `round ${round}`);
  assert.equal(upstream.requests.length, 2);
});

test('an unknown model is not found, each time anew', limits, async () => {
  for (const round of [1, 2]) {
    await assert.rejects(client.models.retrieve('no-such-model'), NotFoundError, `round ${round}`);
  }
  assert.equal(upstream.requests.length, 2);
});

test('moderations are cached and their numbers keep every digit', limits, async (t) => {
  const moderate = () => observe(client.moderations.create({ input: `attack: ${t.name}` }));
  const miss = await moderate();
  const hit = await moderate();
  assert.equal(miss.data.results[0].category_scores.violence, 0.987654321);
  assert.deepEqual(hit.data, miss.data);
  assert.equal(hit.cache.hit, true);
  assert.equal(upstream.requests.length, 1);
});

test('an uploaded file reaches upstream byte for byte', limits, async (t) => {
  const content = binaryBytes(1_000_003, t.name);
  const upload = async () => client.files.create({ file: await toFile(content, 'notes.bin'), purpose: 'assistants' });
  const first = await upload();
  const second = await upload();

  assert.equal(first.bytes, content.length);
  assert.notEqual(first.id, second.id, 'an upload is never answered from the cache');
  for (const request of upstream.requests) assert.ok(uploadedFile(request).equals(content));
});

test('a multipart body passes with its own boundary and bytes', limits, async () => {
  const head = '--odd "x"\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), binaryBytes(4096, 'multipart'), Buffer.from('\r\n--odd "x"--\r\n')]);
  const contentType = 'multipart/form-data; boundary="odd \\"x\\""';
  await send(`${larder.url}/files`, { body, headers: { 'content-type': contentType } });
  assert.ok(upstream.requests[0].bytes.equals(body));
  assert.equal(upstream.requests[0].headers['content-type'], contentType);
});

test('binary downloads arrive byte for byte and are never cached', limits, async (t) => {
  for (const round of [1, 2]) {
    const call = client.audio.speech.create({ model: 'tts-test', voice: 'alloy', input: t.name });
    const speech = await bytesOf(await call);
    assert.ok(speech.equals(binaryBytes(200_003, t.name)), `speech, round ${round}`);
    const response = await client.files.content('file-7');
    const file = await bytesOf(response);
    assert.ok(file.equals(binaryBytes(70_001, '/v1/files/file-7/content')), `file, round ${round}`);
    assert.equal(cacheStatusOf(response.headers).fwd, 'bypass');
  }
  assert.equal(upstream.requests.length, 4);
});

test('a query reaches upstream as it was written', limits, async () => {
  const query = '?after=a%2Bb+c%20d&limit=2&empty=&limit=3';
  assert.equal((await send(`${larder.url}/files${query}`, { method: 'GET' })).status, 200);
  assert.equal(upstream.requests[0].path, `/v1/files${query}`);
});

test('an unknown path under /v1 is for upstream to refuse', limits, async () => {
  await assert.rejects(client.get('/no/such/endpoint'), { status: 404, code: 'unknown_url' });
  await assert.rejects(client.delete('/no/such/thing'), NotFoundError);
  assert.deepEqual(upstream.requests.map(({ method, path }) => `${method} ${path}`),
                   ['GET /v1/no/such/endpoint', 'DELETE /v1/no/such/thing']);
});

test('an unknown path outside /v1 is not found and stays here', limits, async () => {
  const response = await send(`${larder.origin}/no-such-page`, { method: 'GET' });
  assert.equal(response.status, 404);
  assert.equal(typeof (await response.json()).error.message, 'string');
  assert.equal(upstream.requests.length, 0);
});
