// LangChain through Larder: whatever it runs a second time costs nothing.
import './support/client.mjs';
import assert from 'node:assert/strict';
import test from 'node:test';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import { eventsIn } from './support/client.mjs';
import { kReply, kToolArguments } from './support/fake_chat.mjs';
import { kDimensions, vectorOf } from './support/fake_embeddings.mjs';
import { limits, setUp } from './support/setup.mjs';

const kReplyText = kReply.join('');
const kEmbeddingModel = 'text-embedding-test';
const world = setUp();

const connection = () => ({ apiKey: 'sk-alice', maxRetries: 0, configuration: { baseURL: world.larder.url } });
const chat = (more = {}) => new ChatOpenAI({ model: 'gpt-test', ...connection(), ...more });
const embeddings = (more = {}) => new OpenAIEmbeddings({ model: kEmbeddingModel, ...connection(), ...more });
// LangChain hands base64 on as it came when it was told to ask for it.
const decoded = (embedding) => (typeof embedding === 'string'
  ? Array.from(new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)) : embedding);
const textOf = (chunks) => chunks.map((chunk) => chunk.text).join('');
const upstreamCalls = () => world.upstream.requests.length;

const weather = tool(() => '3 degrees', {
  name: 'weather', description: 'The weather', schema: z.object({ city: z.string(), days: z.number() }),
});

for (const [api, more] of [['chat completions', {}], ['responses', { useResponsesApi: true }]]) {
  test(`invoke and stream run twice and cost one call each at most (${api})`, limits, async (t) => {
    for (const round of ['miss', 'hit']) {
      assert.equal((await chat(more).invoke(t.name)).text, kReplyText, round);
      assert.equal(textOf(await eventsIn(await chat(more).stream(t.name))), kReplyText, round);
    }
    assert.equal(upstreamCalls(), 1, 'whole and streamed share their entry');
  });

  test(`a tool call and its answer run twice and cost two calls (${api})`, limits, async (t) => {
    for (const round of ['miss', 'hit']) {
      const model = chat(more).bindTools([weather]);
      const asked = new HumanMessage(t.name);
      const called = await model.invoke([asked]);
      assert.deepEqual(called.tool_calls[0].args, JSON.parse(kToolArguments), round);
      const answered = new ToolMessage({ content: '3 degrees', tool_call_id: called.tool_calls[0].id });
      assert.equal((await model.invoke([asked, called, answered])).text, kReplyText, round);
    }
    assert.equal(upstreamCalls(), 2);
  });

  test(`streamed tool calls come whole from miss and hit (${api})`, limits, async (t) => {
    for (const round of ['miss', 'hit']) {
      const chunks = await eventsIn(await chat(more).bindTools([weather]).stream(t.name));
      const whole = chunks.reduce((sum, chunk) => sum.concat(chunk));
      assert.deepEqual(whole.tool_calls.map(({ name, args }) => [name, args]),
                       [['weather', JSON.parse(kToolArguments)]], round);
    }
    assert.equal(upstreamCalls(), 1);
  });
}

test('usage is counted from streams, missed and hit', limits, async (t) => {
  for (const round of ['miss', 'hit']) {
    const chunks = await eventsIn(await chat().stream(t.name));
    const whole = chunks.reduce((sum, chunk) => sum.concat(chunk));
    assert.equal(whole.usage_metadata.output_tokens, kReply.length, round);
  }
  assert.equal(upstreamCalls(), 1);
});

for (const encodingFormat of ['float', 'base64', undefined]) {
  test(`documents are embedded in batches and the second run costs nothing (${encodingFormat})`, limits, async (t) => {
    const texts = Array.from({ length: 7 }, (_, i) => `${t.name}, document ${i}`);
    const model = embeddings({ batchSize: 3, ...(encodingFormat ? { encodingFormat } : {}) });
    const expected = texts.map((text) => vectorOf(text, kEmbeddingModel, kDimensions));
    for (const round of ['miss', 'hit']) {
      assert.deepEqual((await model.embedDocuments(texts)).map(decoded), expected, round);
    }
    assert.deepEqual(world.upstream.embeddedInputs.sort(), texts.sort());
    assert.equal(upstreamCalls(), 3);
    assert.deepEqual(decoded(await model.embedQuery(texts[4])), expected[4]);
    assert.equal(upstreamCalls(), 3);
  });
}

test('documents that were embedded in base64 are found in float', limits, async (t) => {
  const texts = [`${t.name}, a`, `${t.name}, b`];
  const first = await embeddings({ encodingFormat: 'base64' }).embedDocuments(texts);
  assert.deepEqual(await embeddings({ encodingFormat: 'float' }).embedDocuments(texts), first.map(decoded));
  assert.equal(upstreamCalls(), 1);
});
