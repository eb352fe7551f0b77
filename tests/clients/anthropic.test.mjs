// Anthropic's official client through Larder: /v1/messages is cached by the rules of the other answers.
import './support/client.mjs';
import assert from 'node:assert/strict';
import test from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { eventsIn, kPatienceMs, observe, send } from './support/client.mjs';
import { kReply } from './support/fake_chat.mjs';
import { kSignature, kThinking, kToolInput, messagesAnswer, messagesError } from './support/fake_messages.mjs';
import { limits, setUp } from './support/setup.mjs';

const kReplyText = kReply.join('');
const world = setUp();

const clientOf = (apiKey = 'sk-alice', options = {}) =>
  new Anthropic({ apiKey, baseURL: world.larder.origin, maxRetries: 0, timeout: kPatienceMs, ...options });
const question = (text, more = {}) => ({ model: 'claude-test', max_tokens: 4096,
                                         messages: [{ role: 'user', content: text }], ...more });
const ask = (text, more, client = clientOf()) => observe(client.messages.create(question(text, more)));
const upstreamCalls = () => world.upstream.callsTo('/v1/messages').length;
const tools = [{ name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }];

test('the first message goes upstream and the second is answered from the cache', limits, async (t) => {
  const miss = await ask(t.name);
  const hit = await ask(t.name);
  assert.equal(upstreamCalls(), 1);
  assert.equal(miss.data.content[0].text, kReplyText);
  assert.deepEqual(hit.data, miss.data);
  assert.equal(miss.cache.stored, true);
  assert.equal(hit.cache.hit, true);
  const { headers } = world.upstream.requests[0];
  assert.equal(headers['x-api-key'], 'sk-alice');
  assert.equal(headers['anthropic-version'], '2023-06-01');
});

test('a stream is replayed event for event and byte for byte', limits, async (t) => {
  const miss = await eventsIn((await ask(t.name, { stream: true })).data);
  const again = await ask(t.name, { stream: true });
  assert.equal(again.cache.hit, true);
  assert.deepEqual(await eventsIn(again.data), miss);
  assert.equal(miss.at(-1).type, 'message_stop');

  const headers = { 'x-api-key': 'sk-alice', 'anthropic-version': '2023-06-01' };
  const body = question(t.name, { stream: true });
  const raw = await send(`${world.larder.url}/messages`, { apiKey: null, headers, body });
  assert.equal(await raw.text(), Buffer.concat(world.upstream.requests[0].sent).toString());
  assert.equal(upstreamCalls(), 1);
});

test('the stream helper puts thinking, text and tool use together, missed and hit', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const body = question(t.name, { tools, thinking: { type: 'enabled', budget_tokens: 1024 } });
    const { content, stop_reason } = await clientOf().messages.stream(body).finalMessage();
    assert.deepEqual(content.map((block) => block.type), ['thinking', 'text', 'tool_use'], round);
    assert.equal(content[0].thinking, kThinking.join(''));
    assert.equal(content[0].signature, kSignature);
    assert.equal(content[1].text, kReplyText);
    assert.deepEqual(content[2].input, kToolInput);
    assert.equal(stop_reason, 'tool_use');
  }
  assert.equal(upstreamCalls(), 1);
});

test('a tool use and its result are two entries', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const used = await ask(t.name, { tools });
    const use = used.data.content.at(-1);
    assert.deepEqual(use.input, kToolInput, round);
    const messages = [{ role: 'user', content: t.name }, { role: 'assistant', content: used.data.content },
                      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '3 degrees' }] }];
    const spoken = await ask(t.name, { tools, messages });
    assert.equal(spoken.data.stop_reason, 'end_turn', round);
  }
  assert.equal(upstreamCalls(), 2);
});

test('different keys do not share messages', limits, async (t) => {
  await ask(t.name);
  assert.equal((await ask(t.name, {}, clientOf('sk-bob'))).cache.fwd, 'miss');
  assert.equal((await ask(t.name, {}, clientOf('sk-bob'))).cache.hit, true);
  assert.deepEqual(world.upstream.requests.map(({ headers }) => headers['x-api-key']), ['sk-alice', 'sk-bob']);
});

test('a key in x-api-key and the same in Authorization are not one caller', limits, async (t) => {
  await ask(t.name);
  const bearer = clientOf(null, { authToken: 'sk-alice' });
  await assert.rejects(ask(t.name, {}, bearer), { status: 401 });
});

test('versions and betas are in the key', limits, async (t) => {
  await ask(t.name);
  const beta = clientOf('sk-alice', { defaultHeaders: { 'anthropic-beta': 'context-1m-2025-08-07' } });
  assert.equal((await ask(t.name, {}, beta)).cache.fwd, 'miss');
  const version = clientOf('sk-alice', { defaultHeaders: { 'anthropic-version': '2023-01-01' } });
  assert.equal((await ask(t.name, {}, version)).cache.fwd, 'miss');
  assert.equal(upstreamCalls(), 3);
});

test('a wrong key is refused by upstream even for a cached message', limits, async (t) => {
  await ask(t.name);
  await assert.rejects(ask(t.name, {}, clientOf('sk-wrong')), Anthropic.AuthenticationError);
});

const kUncacheable = [
  ['web search', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['code execution', { tools: [{ type: 'code_execution_20250522', name: 'code_execution' }] }],
  ['MCP servers', { mcp_servers: [{ type: 'url', url: 'http://127.0.0.1:1/', name: 'm' }] }],
  ['a container', { container: 'container_1' }],
];
for (const [what, more] of kUncacheable) {
  test(`a message that depends on ${what} is never cached`, limits, async (t) => {
    for (const round of [1, 2]) assert.equal((await ask(t.name, more)).cache.fwd, 'bypass', `round ${round}`);
    assert.equal(upstreamCalls(), 2);
  });
}

test('an overloaded upstream is told in its own words and not stored', limits, async (t) => {
  world.upstream.misbehave(messagesError(529, 'overloaded_error', 'Overloaded \u{1F9C0}'));
  await assert.rejects(ask(t.name), (error) => {
    assert.equal(error.status, 529);
    assert.equal(error.error.error.type, 'overloaded_error');
    return true;
  });
  world.upstream.behave();
  assert.equal((await ask(t.name)).data.content[0].text, kReplyText);
});

test('a stream that breaks off or ends early is not stored', limits, async (t) => {
  for (const options of [{ cutAfter: 5 }, { endAfter: 5 }]) {
    world.upstream.misbehave(messagesAnswer(options));
    const text = `${t.name}, ${JSON.stringify(options)}`;
    const broken = ask(text, { stream: true }).then(({ data }) => eventsIn(data));
    if (options.cutAfter) await assert.rejects(broken); else await broken.catch(() => {});
    world.upstream.reset();
    assert.equal((await eventsIn((await ask(text, { stream: true })).data)).at(-1).type, 'message_stop');
    assert.equal(upstreamCalls(), 1);
  }
});

test('an error event within a stream is passed on and not stored', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    response.end(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
  });
  await assert.rejects(async () => eventsIn((await ask(t.name, { stream: true })).data), /Overloaded/);
  world.upstream.behave();
  assert.equal((await ask(t.name)).data.content[0].text, kReplyText);
});

test('counting tokens passes through', limits, async (t) => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"input_tokens":7}');
  });
  for (const round of [1, 2]) {
    const { messages, model } = question(t.name);
    assert.equal((await clientOf().messages.countTokens({ model, messages })).input_tokens, 7, `round ${round}`);
  }
  assert.equal(world.upstream.requests.length, 2);
});
