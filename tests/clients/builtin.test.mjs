// The offline provider behind Larder, seen by the official client, and search over what was embedded with it.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { NotFoundError, clientOf, observe, send } from './support/client.mjs';
import { startLarder } from './support/larder.mjs';
import { eventually } from './support/waiting.mjs';

const kEmbedder = 'larder-hash-384';
const kChatter = 'larder-echo';
const kIndexLimitMs = 10_000;
const limits = { timeout: 90_000 };

let larder;
let client;

before(async () => {
  larder = await startLarder({ upstream: 'builtin' });
  client = clientOf(larder);
}, limits);
after(() => larder?.dispose(), limits);

const embed = (input, more = {}) => observe(client.embeddings.create({ model: kEmbedder, input, ...more }));
const lengthOf = (vector) => Math.hypot(...vector);
const similarity = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const search = (query, more = {}, by = client) => by.post('/search', { body: { query, model: kEmbedder, ...more } });

// Indexing follows the answer at its own pace: search until `text` is among the results, and return all of them.
function found(text, query = text, more = {}, by = client) {
  return eventually(kIndexLimitMs, `a search finds "${text}"`, async () => {
    const results = (await search(query, more, by)).data;
    return results.some((result) => result.text === text) && results;
  });
}

test('texts are embedded with 384 dimensions, unit length, and cached', limits, async (t) => {
  const miss = await embed([t.name, 'another text']);
  for (const { embedding } of miss.data.data) {
    assert.equal(embedding.length, 384);
    assert.ok(Math.abs(lengthOf(embedding) - 1) < 1e-5, `length ${lengthOf(embedding)}`);
  }
  assert.equal(miss.cache.fwd, 'miss');
  assert.ok(miss.data.usage.total_tokens > 0);

  const hit = await embed([t.name, 'another text'], { encoding_format: 'float' });
  assert.equal(hit.cache.hit, true);
  const vectors = ({ data }) => data.data.map((item) => item.embedding.map(Math.fround));
  assert.deepEqual(vectors(hit), vectors(miss));
});

test('dimensions is honoured', limits, async (t) => {
  const { data } = await embed(t.name, { dimensions: 64 });
  assert.equal(data.data[0].embedding.length, 64);
});

test('similar texts are nearer than unrelated ones', limits, async () => {
  const texts = ['the cat sat on the warm mat', 'the cat sat on the cold mat', 'quarterly revenue grew by 4 %'];
  const { data } = await embed(texts);
  const [a, near, far] = data.data.map((item) => item.embedding);
  assert.ok(similarity(a, near) > similarity(a, far) + 0.1, `${similarity(a, near)} and ${similarity(a, far)}`);
});

test('chat echoes, and the stream says the same as the whole', limits, async (t) => {
  const body = { model: kChatter, messages: [{ role: 'user', content: `Please say: ${t.name} ☃` }] };
  const whole = await observe(client.chat.completions.create(body));
  const { content } = whole.data.choices[0].message;
  assert.ok(content.includes(`${t.name} ☃`), content);
  assert.equal(whole.data.choices[0].finish_reason, 'stop');

  const chunks = [];
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) chunks.push(chunk);
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), content);
  assert.equal(chunks.findLast((chunk) => chunk.choices.length > 0).choices[0].finish_reason, 'stop');
  assert.equal((await observe(client.chat.completions.create(body))).cache.hit, true);
});

test('its models are listed', limits, async () => {
  const ids = (await client.models.list()).data.map((model) => model.id);
  assert.ok(ids.includes(kEmbedder) && ids.includes(kChatter), ids.join());
  assert.equal((await client.models.retrieve(kEmbedder)).object, 'model');
});

test('a model that it does not have is not found', limits, async (t) => {
  const calls = {
    embeddings: () => client.embeddings.create({ model: 'text-embedding-3-small', input: t.name }),
    chat: () => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: t.name }] }),
    models: () => client.models.retrieve('gpt-4o'),
  };
  for (const [what, call] of Object.entries(calls)) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof NotFoundError, `${what}: ${error}`);
      assert.equal(typeof error.error.message, 'string');
      return true;
    });
  }
});

test('it answers without any API key', limits, async (t) => {
  const response = await send(`${larder.url}/embeddings`, { apiKey: null, body: { model: kEmbedder, input: t.name } });
  assert.equal(response.status, 200);
});

const kRecipes = ['slow roasted tomato soup with basil', 'cold cucumber soup with dill and yoghurt',
                  'how to sharpen a kitchen knife on a stone'];

test('a search by text finds what was embedded, best first', limits, async () => {
  await embed(kRecipes);
  for (const text of kRecipes) await found(text);

  const answer = await search('roasted tomato soup', { top_k: 2 });
  assert.equal(answer.object, 'list');
  assert.equal(answer.model, kEmbedder);
  assert.equal(answer.data.length, 2);
  assert.equal(answer.data[0].text, kRecipes[0]);
  assert.ok(answer.data[0].id);
  const scores = answer.data.map((result) => result.score);
  assert.ok(scores[0] >= scores[1] && scores[0] <= 1 + 1e-6 && scores[1] >= -1 - 1e-6, scores.join());
});

test('a search by vector finds the text that has it', limits, async (t) => {
  const { data } = await embed(t.name);
  const results = await found(t.name, data.data[0].embedding);
  assert.equal(results[0].text, t.name);
  assert.ok(Math.abs(results[0].score - 1) < 1e-3, `score ${results[0].score}`);
});

test('a search leaves out what is below min_score', limits, async (t) => {
  await embed([t.name, 'zebra crossing paint']);
  await found(t.name);
  const { data } = await search(t.name, { min_score: 0.95 });
  assert.deepEqual(data.map((result) => result.text), [t.name]);
});

test('a search does not see what another API key embedded', limits, async (t) => {
  await embed(`${t.name}, by alice`);
  await found(`${t.name}, by alice`);
  const bob = clientOf(larder, 'sk-bob');
  await bob.embeddings.create({ model: kEmbedder, input: `${t.name}, by bob` });

  // Bob's own text is there, so his index has caught up; Alice's would be the next best.
  const results = await found(`${t.name}, by bob`, `${t.name}, by alice`, { top_k: 50 }, bob);
  assert.ok(results.every((result) => !result.text.endsWith('by alice')), JSON.stringify(results));
});

for (const [how, end] of [['stop and start', (it) => it.stop()], ['kill -9', (it) => it.kill()]]) {
  test(`a search still finds after ${how}`, limits, async (t) => {
    const own = await startLarder({ upstream: 'builtin' });
    t.after(() => own.dispose());
    const create = (by) => observe(by.embeddings.create({ model: kEmbedder, input: t.name }));
    await create(clientOf(own));
    await found(t.name, t.name, {}, clientOf(own));
    await end(own);
    await own.start();

    await found(t.name, t.name, {}, clientOf(own));
    assert.equal((await create(clientOf(own))).cache.hit, true);
  });
}
