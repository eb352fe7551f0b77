// The official client's helpers above single calls: assembled streams and loops of tool calls.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientOf } from './support/client.mjs';
import { chatAnswer, kReply, kToolArguments } from './support/fake_chat.mjs';
import { limits, setUp } from './support/setup.mjs';
import { closedGate } from './support/waiting.mjs';

const kReplyText = kReply.join('');
const world = setUp();

const question = (text, more = {}) => ({ model: 'gpt-test', messages: [{ role: 'user', content: text }], ...more });
const completions = () => clientOf(world.larder).chat.completions;
const parameters = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } } };

test('chat.completions.stream assembles the same from a miss and from a hit', limits, async (t) => {
  const finals = [];
  for (const round of ['miss', 'hit']) {
    const stream = completions().stream(question(t.name, { n: 2, logprobs: true }));
    const deltas = [];
    stream.on('content.delta', ({ delta }) => deltas.push(delta));
    finals.push(await stream.finalChatCompletion());
    assert.equal(finals.at(-1).choices[0].message.content, kReplyText, round);
    assert.ok(deltas.length >= kReply.length, round);
  }
  assert.deepEqual(finals[1], finals[0]);
  assert.equal(world.upstream.requests.length, 1);
});

test('chat.completions.stream tells the usage when it is asked for', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const stream = completions().stream(question(t.name, { stream_options: { include_usage: true } }));
    assert.equal((await stream.totalUsage()).completion_tokens, kReply.length, round);
  }
  assert.equal(world.upstream.requests.length, 1);
});

for (const stream of [false, true]) {
  test(`runTools takes its turns from the cache the second time, ${stream ? 'streamed' : 'whole'}`, limits,
       async (t) => {
    for (const round of ['miss', 'hit']) {
      const seen = [];
      const runner = completions().runTools(question(t.name, { stream, tools: [{ type: 'function', function: {
        name: 'weather', description: 'The weather', parameters, parse: JSON.parse,
        function: (given) => { seen.push(given); return '3 degrees'; },
      } }] }));
      assert.equal(await runner.finalContent(), kReplyText, round);
      assert.deepEqual(seen, [JSON.parse(kToolArguments)], round);
    }
    assert.equal(world.upstream.requests.length, 2, 'the call of the tool, and the text');
  });
}

test('chat.completions.parse reads tool arguments, whole after streamed', limits, async (t) => {
  const tools = [{ type: 'function', function: { name: 'weather', strict: true, parameters } }];
  await completions().stream(question(t.name, { tools })).finalChatCompletion();
  const parsed = await completions().parse(question(t.name, { tools }));
  assert.deepEqual(parsed.choices[0].message.tool_calls[0].function.parsed_arguments, JSON.parse(kToolArguments));
  assert.equal(world.upstream.requests.length, 1);
});

test('a client that aborts a stream leaves the next one whole', limits, async (t) => {
  // Held open: fetch may wait for ever when it is aborted just as the answer ends.
  const gate = closedGate();
  world.upstream.misbehave(chatAnswer({ holdAfter: 5, hold: gate.passed }));
  const stream = completions().stream(question(t.name));
  stream.on('content.delta', () => stream.abort());
  await assert.rejects(stream.finalChatCompletion());
  gate.open();
  world.upstream.behave();
  const whole = await completions().stream(question(t.name)).finalChatCompletion();
  assert.equal(whole.choices[0].message.content, kReplyText);
});
