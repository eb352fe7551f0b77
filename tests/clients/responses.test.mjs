// /v1/responses through Larder, seen by the official client.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientOf, eventsIn, observe, send } from './support/client.mjs';
import { kReply, kToolArguments } from './support/fake_chat.mjs';
import { responsesAnswer } from './support/fake_responses.mjs';
import { limits, setUp } from './support/setup.mjs';

const kReplyText = kReply.join('');
const world = setUp();

const question = (text, more = {}) => ({ model: 'gpt-test', input: text, ...more });
const ask = (text, more) => observe(clientOf(world.larder).responses.create(question(text, more)));
const callsOf = (method) => world.upstream.requests.filter((request) => request.method === method).length;
const tools = [{ type: 'function', name: 'weather', strict: false,
                 parameters: { type: 'object', properties: { city: { type: 'string' } } } }];

test('the first question goes upstream and the second is answered from the cache', limits, async (t) => {
  const miss = await ask(t.name);
  const hit = await ask(t.name);

  assert.equal(callsOf('POST'), 1);
  assert.equal(miss.data.output_text, kReplyText);
  assert.deepEqual(hit.data, miss.data);
  assert.equal(miss.cache.stored, true);
  assert.equal(hit.cache.hit, true);
});

test('a stream is replayed event for event', limits, async (t) => {
  const miss = await eventsIn((await ask(t.name, { stream: true })).data);
  const again = await ask(t.name, { stream: true });
  assert.equal(again.cache.hit, true);
  assert.deepEqual(await eventsIn(again.data), miss);
  const text = miss.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta).join('');
  assert.equal(text, kReplyText);
  assert.equal(callsOf('POST'), 1);
});

test('a stream is replayed byte for byte', limits, async (t) => {
  const body = question(t.name, { stream: true });
  const transcripts = [];
  for (let i = 0; i < 2; ++i) transcripts.push(await (await send(`${world.larder.url}/responses`, { body })).text());
  assert.equal(transcripts[0], Buffer.concat(world.upstream.requests[0].sent).toString());
  assert.equal(transcripts[1], transcripts[0]);
  assert.equal(callsOf('POST'), 1);
});

test('the stream helper puts text and function calls together, missed and hit', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const spoken = await clientOf(world.larder).responses.stream(question(`${t.name}, text`)).finalResponse();
    assert.equal(spoken.output_text, kReplyText, round);
    const call = question(`${t.name}, call`, { tools });
    const called = await clientOf(world.larder).responses.stream(call).finalResponse();
    assert.equal(called.output[0].arguments, kToolArguments, round);
    assert.equal(called.output[0].call_id, 'call_1', round);
  }
  assert.equal(callsOf('POST'), 2);
});

test('a function call and its output are two entries', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const called = await ask(t.name, { tools });
    const { call_id, type } = called.data.output[0];
    assert.equal(type, 'function_call');
    const input = [...called.data.output, { type: 'function_call_output', call_id, output: '3 degrees' }];
    const spoken = await ask(t.name, { tools, input });
    assert.equal(spoken.data.output_text, kReplyText, round);
  }
  assert.equal(callsOf('POST'), 2);
});

test('what came before is in the key', limits, async (t) => {
  for (const previous_response_id of ['resp_a', 'resp_b']) {
    assert.equal((await ask(t.name, { previous_response_id })).cache.fwd, 'miss');
    assert.equal((await ask(t.name, { previous_response_id })).cache.hit, true);
  }
  assert.equal(callsOf('POST'), 2);
});

const kUncacheable = [
  ['a conversation', { conversation: 'conv_1' }],
  ['background work', { background: true }],
  ['web search', { tools: [{ type: 'web_search' }] }],
  ['the preview of web search', { tools: [{ type: 'web_search_preview' }] }],
  ['file search', { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }],
  ['the code interpreter', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }],
  ['computer use', { tools: [{ type: 'computer_use_preview', environment: 'linux' }] }],
  ['an MCP server', { tools: [{ type: 'mcp', server_label: 'm', server_url: 'http://127.0.0.1:1/' }] }],
  ['image generation', { tools: [{ type: 'image_generation' }] }],
  ['a local shell', { tools: [{ type: 'local_shell' }] }],
  ['a stored prompt', { prompt: { id: 'pmpt_1' } }],
];
for (const [what, more] of kUncacheable) {
  test(`a response that depends on ${what} is never cached`, limits, async (t) => {
    for (const round of [1, 2]) {
      const { cache } = await ask(t.name, more);
      assert.equal(cache.fwd, 'bypass', `round ${round}`);
      assert.equal(cache.stored, undefined, `round ${round}`);
    }
    assert.equal(callsOf('POST'), 2);
  });
}

const kIncomplete = ['incomplete', 'failed', 'queued', 'in_progress', 'cancelled'];
for (const status of kIncomplete) {
  test(`a response that is ${status} is not stored`, limits, async (t) => {
    world.upstream.misbehave((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'resp_x', object: 'response', status, model: 'gpt-test', error: null, output: [
        { id: 'msg_x', type: 'message', role: 'assistant', status,
          content: [{ type: 'output_text', text: 'Half a', annotations: [] }] },
      ] }));
    });
    assert.equal((await ask(t.name)).data.status, status);
    world.upstream.behave();
    assert.equal((await ask(t.name)).data.output_text, kReplyText);
    assert.equal(callsOf('POST'), 2);
  });
}

for (const stream of [false, true]) {
  test(`deleting a response drops the entry that carries its id, ${stream ? 'streamed' : 'whole'}`, limits,
       async (t) => {
    const ids = async () => {
      const { data, cache } = await ask(t.name, { stream });
      return { id: stream ? (await eventsIn(data)).at(-1).response.id : data.id, cache };
    };
    const { id } = await ids();
    assert.equal((await ids()).cache.hit, true);
    await clientOf(world.larder).responses.delete(id);
    assert.equal(callsOf('DELETE'), 1, 'upstream is told');

    const again = await ids();
    assert.equal(again.cache.fwd, 'miss');
    assert.notEqual(again.id, id);
    assert.equal(callsOf('POST'), 2);
  });
}

test('deleting another response, or one of another key, drops nothing', limits, async (t) => {
  const { data } = await ask(t.name);
  await clientOf(world.larder).responses.delete('resp_of_somebody');
  await clientOf(world.larder, 'sk-bob').responses.delete(data.id);
  assert.equal((await ask(t.name)).cache.hit, true);
});

test('a delete whose end is unknown drops the entry: what may be gone is not answered', limits, async (t) => {
  const { data } = await ask(t.name);
  world.upstream.misbehave((request, response) => response.writeHead(500).end('{"error":{"message":"no"}}'));
  await assert.rejects(clientOf(world.larder).responses.delete(data.id), { status: 500 });
  world.upstream.behave();
  assert.equal((await ask(t.name)).cache.fwd, 'miss');
});

test('a stored response is fetched from upstream each time', limits, async () => {
  for (const round of [1, 2]) {
    assert.equal((await clientOf(world.larder).responses.retrieve('resp_9')).id, 'resp_9', `round ${round}`);
  }
  assert.equal(callsOf('GET'), 2);
});

test('a stream that upstream cuts is an error for the client and is not stored', limits, async (t) => {
  world.upstream.misbehave(responsesAnswer({ cutAfter: 5 }));
  await assert.rejects(async () => eventsIn((await ask(t.name, { stream: true })).data));
  world.upstream.reset();
  assert.equal((await eventsIn((await ask(t.name, { stream: true })).data)).at(-1).type, 'response.completed');
  assert.equal(callsOf('POST'), 1);
});

test('a stream that ends without its terminal event is not stored', limits, async (t) => {
  world.upstream.misbehave(responsesAnswer({ endAfter: 5 }));
  await ask(t.name, { stream: true }).then(({ data }) => eventsIn(data)).catch(() => {});
  world.upstream.reset();
  assert.equal((await eventsIn((await ask(t.name, { stream: true })).data)).at(-1).type, 'response.completed');
  assert.equal(callsOf('POST'), 1);
});
