// Vercel's AI SDK through Larder, by its providers for OpenAI (which calls /v1/responses by default) and for compatible
// servers: whatever it runs a second time costs nothing.
import './support/client.mjs';
import assert from 'node:assert/strict';
import test from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embed, embedMany, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { kReply, kToolArguments } from './support/fake_chat.mjs';
import { kDimensions, vectorOf } from './support/fake_embeddings.mjs';
import { errorAnswer } from './support/fake_errors.mjs';
import { limits, setUp } from './support/setup.mjs';

const kReplyText = kReply.join('');
const kEmbeddingModel = 'text-embedding-test';
const world = setUp();

const openai = () => createOpenAI({ apiKey: 'sk-alice', baseURL: world.larder.url });
const compatible = () =>
  createOpenAICompatible({ name: 'larder', apiKey: 'sk-alice', baseURL: world.larder.url, includeUsage: true });
const upstreamCalls = () => world.upstream.requests.length;
const weather = (seen) => tool({
  description: 'The weather', inputSchema: z.object({ city: z.string(), days: z.number() }),
  execute: async (given) => { seen.push(given); return '3 degrees'; },
});

const kProviders = [
  ['openai, responses', '/v1/responses', () => openai()('gpt-test')],
  ['openai, chat', '/v1/chat/completions', () => openai().chat('gpt-test')],
  ['openai-compatible', '/v1/chat/completions', () => compatible()('gpt-test')],
];

async function streamed(options) {
  const result = streamText({ maxRetries: 0, onError: ({ error }) => { throw error; }, ...options });
  await result.consumeStream({ onError: (error) => { throw error; } });
  return { text: await result.text, finishReason: await result.finishReason, usage: await result.usage };
}

for (const [name, path, model] of kProviders) {
  test(`generateText runs twice and costs one call (${name})`, limits, async (t) => {
    for (const round of ['miss', 'hit']) {
      const result = await generateText({ model: model(), prompt: t.name, maxRetries: 0 });
      assert.equal(result.text, kReplyText, round);
      assert.equal(result.finishReason, 'stop', round);
      assert.equal(result.usage.outputTokens, kReply.length, round);
      const cacheStatus = result.response.headers['cf-aig-cache-status'];
      assert.equal(cacheStatus, round.toUpperCase());
    }
    assert.equal(upstreamCalls(), 1);
    assert.equal(world.upstream.callsTo(path).length, 1);
  });

  test(`streamText runs twice and costs one call (${name})`, limits, async (t) => {
    for (const round of ['miss', 'hit']) {
      const result = await streamed({ model: model(), prompt: t.name });
      assert.equal(result.text, kReplyText, round);
      assert.equal(result.finishReason, 'stop', round);
      assert.equal(result.usage.outputTokens, kReply.length, round);
    }
    assert.equal(upstreamCalls(), 1);
  });

  test(`generateText and streamText share an entry (${name})`, limits, async (t) => {
    assert.equal((await streamed({ model: model(), prompt: t.name })).text, kReplyText);
    assert.equal((await generateText({ model: model(), prompt: t.name, maxRetries: 0 })).text, kReplyText);
    assert.equal(upstreamCalls(), 1);
  });

  test(`steps with a tool run twice and cost two calls, whole and streamed (${name})`, limits, async (t) => {
    for (const run of [(options) => generateText({ maxRetries: 0, ...options }), streamed]) {
      for (const round of ['miss', 'hit']) {
        const seen = [];
        const options = { model: model(), prompt: t.name, tools: { weather: weather(seen) }, stopWhen: stepCountIs(3) };
        assert.equal((await run(options)).text, kReplyText, round);
        assert.deepEqual(seen, [JSON.parse(kToolArguments)], round);
      }
      assert.equal(upstreamCalls(), 2, 'streamed finds what whole left');
    }
  });

  test(`an upstream error reaches the caller and is not stored (${name})`, limits, async (t) => {
    world.upstream.misbehave(errorAnswer(400, 'no such knob', { code: 'bad_knob' }));
    await assert.rejects(generateText({ model: model(), prompt: t.name, maxRetries: 0 }), { statusCode: 400 });
    world.upstream.behave();
    assert.equal((await generateText({ model: model(), prompt: t.name, maxRetries: 0 })).text, kReplyText);
  });
}

const kEmbedders = [['openai', () => openai().embedding(kEmbeddingModel)],
                    ['openai-compatible', () => compatible().embeddingModel(kEmbeddingModel)]];
for (const [name, model] of kEmbedders) {
  test(`embedMany runs twice and costs one call (${name})`, limits, async (t) => {
    const values = Array.from({ length: 5 }, (_, i) => `${t.name}, value ${i}`);
    const expected = values.map((value) => vectorOf(value, kEmbeddingModel, kDimensions));
    for (const round of ['miss', 'hit']) {
      const { embeddings, usage } = await embedMany({ model: model(), values, maxRetries: 0 });
      assert.deepEqual(embeddings, expected, round);
      assert.ok(usage.tokens > 0, round);
    }
    const { embedding } = await embed({ model: model(), value: values[3], maxRetries: 0 });
    assert.deepEqual(embedding, expected[3]);
    assert.equal(upstreamCalls(), 1);
  });
}
