// Broken files of the search indexes: derived data. The server serves within 10 seconds and finds the same texts and
// points with the same scores as before, because what is broken is noticed and built anew.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyOf, Expected, Report, textOf, valuesOf } from './support/world.mjs';
import { kServingLimitMs, Server, scratch } from './support/server.mjs';

// Small thresholds: a graph, and so a snapshot, for a few hundred vectors.
const kSettings = `
[search]
exact_below = 50
tail = 64
`;
const kQueries = 5;

function filesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const where = path.join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(where) : [where];
  });
}
function flip(file, at) {
  const bytes = readFileSync(file);
  if (bytes.length === 0) return;
  bytes[Math.min(bytes.length - 1, Math.floor(bytes.length * at))] ^= 0x40;
  writeFileSync(file, bytes);
}
function swap(file, other) {
  const bytes = readFileSync(file);
  writeFileSync(file, readFileSync(other));
  writeFileSync(other, bytes);
}

// What is done to one file; `others` are those of the same server.
const kDamages = [
  ...[0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1].map((at) => [`a flipped bit at ${at}`, (file) => flip(file, at)]),
  ...[0, 1, 16, 100].map((bytes) => [`cut to ${bytes} bytes`, (file) => truncateSync(file, bytes)]),
  ['cut by a byte', (file) => truncateSync(file, Math.max(0, statSync(file).size - 1))],
  ['cut in half', (file) => truncateSync(file, Math.floor(statSync(file).size / 2))],
  ['grown by zeros', (file) => truncateSync(file, statSync(file).size + 4096)],
  ['overwritten by zeros', (file) => writeFileSync(file, Buffer.alloc(statSync(file).size))],
  ['in the place of another', (file, others) => swap(file, others.find((other) => other !== file))],
  ['missing', (file) => rmSync(file)],
  ['a directory', (file) => { rmSync(file); mkdirSync(file); }],
];

// Without order among equals, and without those that are equal to the last: which of them come is chance.
function sure(matches, name) {
  const last = matches.at(-1).score;
  return matches.filter(({ score }) => score > last).map((match) => `${match.score} ${match[name]}`).sort();
}
async function found(server) {
  const said = [];
  for (let i = 0; i < kQueries; i++) {
    const texts = await server.ask('POST', '/v1/search',
                                   { model: 'larder-hash-384', query: textOf(i), top_k: 8, exact: true });
    said.push(texts.status === 200 ? sure(texts.json.data, 'text') : texts.text);
    const points = await server.ask('POST', '/v1/search',
                                    { collection: 'docs', query: valuesOf(i), top_k: 8, exact: true });
    said.push(points.status === 200 ? sure(points.json.data, 'id') : points.text);
  }
  return JSON.stringify(said);
}
const loaded = (server) => server.becomes('its indexes are loaded', (now) => now.index === 'ready' &&
  now.collections === 'ready' && now.queued === 0);

const report = new Report('broken index files');
const original = path.join(scratch('index'), 'data');
const expected = new Expected();
const first = new Server(original, { settings: kSettings });
await first.start();
await first.ask('PUT', '/v1/collections/docs', { dimensions: 32 });
await expected.askAll(first);
for (let at = 0; at < 300; at += 100) await first.embed(Array.from({ length: 100 }, (_, i) => `another text ${at + i}`));
for (let at = 0; at < 300; at += 100) {
  await first.ask('POST', '/v1/collections/docs/upsert', {
    points: Array.from({ length: 100 }, (_, i) => ({ id: `p${at + i}`, values: valuesOf(at + i), metadata: { n: at + i } })),
  });
}
await loaded(first);
const right = await found(first);
await first.stop();

const files = filesBelow(path.join(original, 'index')).map((file) => path.relative(original, file));
if (files.length < 3) throw new Error(`too few index files to break: ${files}`);
let cases = files.flatMap((file) => kDamages.map((damage) => [file, ...damage]));
if (process.argv.includes('--short')) cases = cases.filter((_, i) => i % 10 === 0);
for (const [name, what, inflict] of cases) {
  const dataDir = copyOf(original);
  const all = files.map((file) => path.join(dataDir, file));
  inflict(path.join(dataDir, name), all);
  const server = new Server(dataDir, { settings: kSettings });
  let problem = '';
  let detail = '';
  try {
    const begun = performance.now();
    await server.start();
    await loaded(server);
    const said = await found(server);
    const took = performance.now() - begun;
    if (said !== right) problem = 'it finds something else than before';
    if (took > kServingLimitMs) problem += ` served after ${Math.round(took)} ms`;
    detail = `${Math.round(took)} ms, ${server.complaints().filter(({ message }) => /index|snapshot/.test(message)).length > 0 ? 'reported' : 'as if whole'}`;
    await server.stop();
  } catch (error) {
    problem = error.message.slice(0, 1500);
    await server.kill();
  }
  rmSync(path.dirname(dataDir), { recursive: true, force: true });
  report.row(`${name.replace(/[0-9a-f]{16,}/g, '…')}: ${what}`, problem, detail);
}
report.end();
