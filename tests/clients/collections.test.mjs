// Collections as clients see them: over fetch, through the official SDK's vectorStores.search, and in Vectorize's shape.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientOf, send } from './support/client.mjs';
import { limits, setUp } from './support/setup.mjs';

const world = setUp();
const kModel = 'text-embedding-test';

// -> the status and the body of an answer.
async function call(method, path, body, options = {}) {
  const response = await send(`${world.larder.origin}${path}`, { method, body, ...options });
  return { status: response.status, body: await response.json() };
}
const api = (method, path, body, options) => call(method, `/v1${path}`, body, options);
const vectorize = (method, path, body, options) =>
  call(method, `/client/v4/accounts/0123/vectorize/v2/indexes${path}`, body, options);
const lines = (points) => points.map((point) => JSON.stringify(point)).join('\n');
const ndjson = { headers: { 'content-type': 'application/x-ndjson' } };

// As many numbers as the fake upstream's vectors have.
async function dimensionsOf(text) {
  const { data } = await clientOf(world.larder).embeddings.create({ model: kModel, input: text });
  return data[0].embedding.length;
}

test('a collection is made, filled, searched with a filter, and survives kill -9', limits, async () => {
  assert.equal((await api('PUT', '/collections/places', { dimensions: 2 })).status, 201);
  const points = [
    { id: 'east', values: [1, 0], text: 'E', metadata: { n: 1 } },
    { id: 'northeast', values: [1, 1], metadata: { n: 2 } },
    { id: 'north', values: [0, 1], metadata: { n: 3 } },
  ];
  const stored = await api('POST', '/collections/places/upsert', lines(points), ndjson);
  assert.deepEqual([stored.status, stored.body.upserted], [200, 3]);
  await world.larder.kill();
  await world.larder.start();
  const search = () => api('POST', '/search', { collection: 'places', query: [1, 0], filter: { n: { $lt: 3 } } });
  let found = await search();
  for (let i = 0; i < 50 && found.status === 503; ++i) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    found = await search();
  }
  assert.equal(found.status, 200);
  assert.deepEqual(found.body.data.map(({ id }) => id), ['east', 'northeast']);
  assert.deepEqual(found.body.data[0],
                   { id: 'east', score: 1, text: 'E', metadata: { n: 1 }, collection: 'places' });
  assert.equal((await api('POST', '/collections/places/delete', { filter: { n: 1 } })).body.deleted, 1);
  assert.equal((await api('GET', '/collections/places')).body.points, 2);
  assert.equal((await api('DELETE', '/collections/places')).status, 200);
  assert.equal((await api('GET', '/collections/places')).status, 404);
});

test('vectorStores.search answers from a collection, and texts are embedded once', limits, async (t) => {
  const dimensions = await dimensionsOf(t.name);
  await api('PUT', '/collections/notes', { dimensions, model: kModel });
  const points = ['apples', 'pears', 'plums'].map((text, i) => ({ id: `n${i}`, text, metadata: { i } }));
  assert.equal((await api('POST', '/collections/notes/upsert', { points })).status, 200);
  world.upstream.reset();
  const page = await clientOf(world.larder).vectorStores.search('notes', {
    query: 'pears', max_num_results: 2, filters: { type: 'gte', key: 'i', value: 1 },
  });
  assert.deepEqual(world.upstream.requests, [], 'the query was embedded as a point before');
  assert.equal(page.data.length, 2);
  const [best] = page.data;
  assert.deepEqual([best.file_id, best.filename, best.attributes, best.content],
                   ['n1', 'n1', { i: 1 }, [{ type: 'text', text: 'pears' }]]);
  assert.ok(Math.abs(best.score - 1) < 1e-5);
  assert.equal(page.hasNextPage(), false);
});

test('vectorStores.search of a store that is no collection goes upstream', limits, async () => {
  world.upstream.misbehave((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'vector_store.search_results.page', search_query: ['q'], has_more: false,
                                  next_page: null, data: [{ file_id: 'upstreams-own' }] }));
  });
  const page = await clientOf(world.larder).vectorStores.search('vs_1', { query: 'q' });
  assert.equal(page.data[0].file_id, 'upstreams-own');
  assert.deepEqual(world.upstream.requests.map(({ method, path, json }) => [method, path, json]),
                   [['POST', '/v1/vector_stores/vs_1/search', { query: 'q' }]]);
});

test('an index is made, filled, queried and dropped in the shape of Vectorize', limits, async () => {
  const made = await vectorize('POST', '', { name: 'ix', config: { dimensions: 2, metric: 'euclidean' } });
  assert.equal(made.body.success, true);
  assert.deepEqual(made.body.result.config, { dimensions: 2, metric: 'euclidean' });
  const form = new FormData();
  const vectors = [{ id: 'a', values: [1, 0], metadata: { n: 1 } }, { id: 'b', values: [3, 0], namespace: 's' }];
  form.set('vectors', new File([lines(vectors)], 'vectors.ndjson', { type: 'application/x-ndjson' }));
  const response = await fetch(`${world.larder.origin}/client/v4/accounts/0123/vectorize/v2/indexes/ix/insert`, {
    method: 'POST', headers: { authorization: 'Bearer sk-alice' }, body: form,
  });
  const { result: { mutationId } } = await response.json();
  assert.equal((await vectorize('GET', '/ix/info')).body.result.processedUpToMutation, mutationId);
  const query = { vector: [1, 0], topK: 2, returnMetadata: 'all', returnValues: true };
  assert.deepEqual((await vectorize('POST', '/ix/query', query)).body.result, { count: 2, matches: [
    { id: 'a', score: 0, values: [1, 0], metadata: { n: 1 } },
    { id: 'b', score: 2, namespace: 's', values: [3, 0], metadata: null },
  ] });
  assert.equal((await vectorize('DELETE', '/ix')).body.success, true);
  const gone = await vectorize('GET', '/ix');
  assert.deepEqual([gone.status, gone.body.success, gone.body.errors[0].code], [404, false, 3000]);
});

test('what is wrong with a point is told by line and field, and nothing is stored', limits, async () => {
  await api('PUT', '/collections/strict', { dimensions: 2 });
  const refused = await api('POST', '/collections/strict/upsert',
                            lines([{ id: 'a', values: [1, 0] }, { id: 'b', values: [1, 'x'] }]), ndjson);
  assert.equal(refused.status, 400);
  assert.match(refused.body.error.message, /^line 2: values\[1\] is not a number/);
  assert.equal((await api('GET', '/collections/strict')).body.points, 0);
});
