// One entry serves the streamed and the whole answer, in both directions, for chat, responses and messages: each case
// asks for the one form, then for the other, and compares what the official clients make of them.
import assert from 'node:assert/strict';
import test from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { clientOf, eventsIn, kPatienceMs, observe, send, withoutNulls } from './support/client.mjs';
import { chatAnswer, completionOf } from './support/fake_chat.mjs';
import { messageOf } from './support/fake_messages.mjs';
import { responseOf } from './support/fake_responses.mjs';
import { limits, setUp } from './support/setup.mjs';
import { closedGate } from './support/waiting.mjs';

const world = setUp();
const usageAsked = { stream: true, stream_options: { include_usage: true } };

const schema = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } } };
const toolsOf = (make) => ['weather', 'tides'].map(make);
const chatTools = toolsOf((name) => ({ type: 'function', function: { name, parameters: schema } }));
const responseTools = toolsOf((name) => ({ type: 'function', name, parameters: schema, strict: false }));
const messageTools = toolsOf((name) => ({ name, input_schema: schema }));

const openai = () => clientOf(world.larder);
const anthropic = () =>
  new Anthropic({ apiKey: 'sk-alice', baseURL: world.larder.origin, maxRetries: 0, timeout: kPatienceMs });
const withoutUsage = ({ usage, ...rest }) => rest;

// whole: asks for a whole answer. streamed: asks for a stream and puts it together as the SDK's own helper does.
// Both -> { data, cache }. told: what upstream would have said whole to its request.
const chat = {
  path: '/v1/chat/completions',
  body: (text, more) => ({ model: 'gpt-test', messages: [{ role: 'user', content: text }], ...more }),
  whole: (body) => observe(openai().chat.completions.create(body)),
  async streamed(body) {
    const { data, ...rest } = await observe(openai().chat.completions.create({ ...body, stream: true }));
    return { ...rest, data: await assembled(await eventsIn(data)) };
  },
  told: completionOf,
};
const responses = {
  path: '/v1/responses',
  body: (text, more) => ({ model: 'gpt-test', input: text, ...more }),
  whole: (body) => observe(openai().responses.create(body)),
  async streamed(body) {
    const { data, ...rest } = await observe(openai().responses.create({ ...body, stream: true }));
    const events = await eventsIn(data);
    assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, i) => i));
    assert.equal(events.at(-1).type, 'response.completed');
    return { ...rest, data: events.at(-1).response, events };
  },
  told: responseOf,
};
const messages = {
  path: '/v1/messages',
  body: (text, more) => ({ model: 'claude-test', max_tokens: 4096, messages: [{ role: 'user', content: text }],
                           ...more }),
  whole: (body) => observe(anthropic().messages.create(body)),
  async streamed(body) {
    const { data: stream, ...rest } = await observe(anthropic().messages.create({ ...body, stream: true }));
    const events = await eventsIn(stream);
    assert.equal(events.at(-1).type, 'message_stop');
    const replayed = anthropic().messages.stream(body);  // the SDK's own assembly, always from the cache
    const data = await replayed.finalMessage();
    return { ...rest, data, events };
  },
  told: messageOf,
};

// A stream's chunks put together by the SDK, which throws on gaps. What it does not know, it does not put together.
async function assembled(chunks) {
  const { ChatCompletionStream } = await import('openai/lib/ChatCompletionStream');
  const lines = chunks.map((chunk) => `${JSON.stringify(chunk)}\n`);
  const completion = await ChatCompletionStream.fromReadableStream(new Blob(lines).stream()).finalChatCompletion();
  for (const { message, index } of completion.choices) {
    const deltas = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
    const reasoning = deltas.map(({ delta }) => delta.reasoning_content ?? '').join('');
    if (reasoning !== '') message.reasoning_content = reasoning;
  }
  return completion;
}

const kCases = [
  ['a chat that says a text', chat, {}],
  ['a chat that calls two tools at once', chat, { tools: chatTools }],
  ['a chat with three choices', chat, { n: 3 }],
  ['a chat with logprobs', chat, { logprobs: true, n: 2 }],
  ['a chat that refuses', chat, { model: 'gpt-refuses', logprobs: true }],
  ['a chat that reasons and then calls a tool', chat, { model: 'gpt-reasons', tools: chatTools }],
  ['a response that says a text', responses, {}],
  ['a response that calls two functions', responses, { tools: responseTools }],
  ['a response that reasons', responses, { reasoning: { summary: 'auto' } }],
  ['a message that says a text', messages, {}],
  ['a message that uses two tools', messages, { tools: messageTools }],
  ['a message that thinks and then uses a tool', messages,
   { tools: messageTools, thinking: { type: 'enabled', budget_tokens: 1024 } }],
];

// What the client has in the end, without what differs by design: chat tells the usage of a stream only when asked.
function comparable(api, data) {
  const plain = JSON.parse(JSON.stringify(data), (name, value) => (/^(parsed|_request_id|output_text|parsed_arguments)$/
    .test(name) ? undefined : value));
  return withoutNulls(api === chat ? withoutUsage(plain) : plain);
}

for (const [what, api, more] of kCases) {
  test(`${what} is streamed once and then served whole`, limits, async (t) => {
    const body = api.body(t.name, more);
    const streamed = await api.streamed(body);
    const whole = await api.whole(body);

    assert.equal(streamed.cache.fwd, 'miss');
    assert.equal(whole.cache.hit, true);
    assert.match(whole.headers.get('content-type'), /^application\/json/);
    assert.equal(world.upstream.requests.length, 1);
    const told = comparable(api, api.told(world.upstream.requests[0]));
    assert.deepEqual(comparable(api, streamed.data), told, 'streamed');
    assert.deepEqual(comparable(api, whole.data), told, 'whole');
  });

  test(`${what} is given whole once and then streamed`, limits, async (t) => {
    const body = api.body(t.name, more);
    const whole = await api.whole(body);
    const streamed = await api.streamed(body);

    assert.equal(whole.cache.fwd, 'miss');
    assert.equal(streamed.cache.hit, true);
    assert.match(streamed.headers.get('content-type'), /^text\/event-stream/);
    assert.equal(world.upstream.requests.length, 1);
    const told = comparable(api, api.told(world.upstream.requests[0]));
    assert.deepEqual(comparable(api, streamed.data), told, 'streamed');
    assert.deepEqual(comparable(api, whole.data), told, 'whole');
  });
}

// ---- Usage of chats: a last chunk without choices, exactly when it is asked for

const usageIn = (chunks) => chunks.filter((chunk) => chunk.usage);
const chunksOf = async (body) => {
  const { data, cache } = await observe(openai().chat.completions.create(body));
  return { chunks: await eventsIn(data), cache };
};
function assertUsageAtTheEnd(chunks, usage) {
  assert.deepEqual(chunks.at(-1).usage, usage);
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(usageIn(chunks).length, 1);
  assert.ok(chunks.every((chunk) => 'usage' in chunk), 'the others say "usage": null');
}
const assertNoUsage = (chunks) => assert.ok(chunks.every((chunk) => !('usage' in chunk)));

test('a stream recorded with usage serves a stream without it and a whole answer with it', limits, async (t) => {
  const body = chat.body(t.name);
  const first = await chunksOf({ ...body, ...usageAsked });
  const again = await chunksOf({ ...body, ...usageAsked });
  const silent = await chunksOf({ ...body, stream: true });
  const whole = await chat.whole(body);

  const { usage } = completionOf(world.upstream.requests[0]);
  assertUsageAtTheEnd(first.chunks, usage);
  assert.deepEqual(again.chunks, first.chunks);
  assertNoUsage(silent.chunks);
  assert.deepEqual(whole.data.usage, usage);
  for (const { cache } of [again, silent, whole]) assert.equal(cache.hit, true);
  assert.equal(world.upstream.requests.length, 1);
});

test('a whole answer serves streams with and without usage', limits, async (t) => {
  const body = chat.body(t.name);
  const whole = await chat.whole(body);
  const asked = await chunksOf({ ...body, ...usageAsked });
  const silent = await chunksOf({ ...body, stream: true });

  assertUsageAtTheEnd(asked.chunks, whole.data.usage);
  assertNoUsage(silent.chunks);
  assert.equal(world.upstream.requests.length, 1);
});

test('a stream recorded without usage serves a whole answer, and usage costs one more call', limits, async (t) => {
  const body = chat.body(t.name);
  await chunksOf({ ...body, stream: true });
  const whole = await chat.whole(body);
  assert.equal(whole.cache.hit, true);
  assert.equal(whole.data.usage, undefined);
  assert.equal(world.upstream.requests.length, 1);

  const asked = await chunksOf({ ...body, ...usageAsked });
  assertUsageAtTheEnd(asked.chunks, completionOf(world.upstream.requests[1]).usage);
  assert.equal(world.upstream.requests.length, 2);

  // The richer recording has taken the place of the poorer one.
  assertUsageAtTheEnd((await chunksOf({ ...body, ...usageAsked })).chunks, asked.chunks.at(-1).usage);
  assertNoUsage((await chunksOf({ ...body, stream: true })).chunks);
  assert.deepEqual((await chat.whole(body)).data.usage, asked.chunks.at(-1).usage);
  assert.equal(world.upstream.requests.length, 2);
});

test('include_usage: false is as good as no stream_options', limits, async (t) => {
  const body = chat.body(t.name);
  await chunksOf({ ...body, stream: true });
  const { cache, chunks } = await chunksOf({ ...body, stream: true, stream_options: { include_usage: false } });
  assert.equal(cache.hit, true);
  assertNoUsage(chunks);
});

// ---- At once

test('a stream and a whole answer asked for at once come to one entry', limits, async (t) => {
  const body = chat.body(t.name);
  const gate = closedGate();
  world.upstream.misbehave(chatAnswer({ holdAfter: 3, hold: gate.passed }));
  const calls = [chunksOf({ ...body, stream: true })];
  await world.upstream.until('the stream', () => world.upstream.requests.length > 0);
  calls.push(chat.whole(body));
  gate.open();
  const [{ chunks }, whole] = await Promise.all(calls);

  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  assert.equal(whole.data.choices[0].message.content, text);
  assert.ok(world.upstream.requests.length <= 2);
  const before = world.upstream.requests.length;
  assert.equal((await chat.whole(body)).cache.hit, true);
  assert.equal((await chunksOf({ ...body, stream: true })).cache.hit, true);
  assert.equal(world.upstream.requests.length, before);
});

test('a whole answer is streamed with the terminal event of its kind', limits, async (t) => {
  const ends = [[chat, /data: \[DONE\]\n\n$/], [responses, /event: response\.completed\ndata: [^\n]+\n\n$/],
                [messages, /event: message_stop\ndata: [^\n]+\n\n$/]];
  for (const [api, end] of ends) {
    const body = api.body(t.name);
    await api.whole(body);
    const options = { body: { ...body, stream: true },
                      ...(api === messages ? { apiKey: null, headers: { 'x-api-key': 'sk-alice',
                                                                       'anthropic-version': '2023-06-01' } } : {}) };
    const text = await (await send(`${world.larder.origin}${api.path}`, options)).text();
    assert.match(text, end, api.path);
  }
  assert.equal(world.upstream.requests.length, ends.length);
});
