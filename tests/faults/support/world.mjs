// What a server was given before something broke, and whether what it says afterwards is right. The built-in provider
// answers the same to the same, so a wrong byte is one that differs from the first answer.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { Server, scratch } from './server.mjs';

export const kTexts = 120;
export const kChats = 20;
export const kPoints = 300;
const kDimensions = 32;

export const textOf = (i) => `the text number ${i} of those that are asked for again and again`;
export const valuesOf = (i) => Array.from({ length: kDimensions }, (_, d) => Math.fround(Math.sin(1 + i * 7.13 + d * 1.7)));
const pointOf = (i) => ({ id: `p${i}`, values: valuesOf(i), metadata: { n: i } });

export class Expected {
  embeddings = new Map();
  chats = new Map();

  // Asks for everything once. The first time teaches what is right; later on what differs is counted.
  async askAll(server) {
    let wrong = 0;
    let hits = 0;
    let failed = 0;
    for (let at = 0; at < kTexts; at += 40) {
      const texts = Array.from({ length: 40 }, (_, i) => textOf(at + i));
      const answer = await server.embed(texts);
      if (answer.status !== 200) { failed += 1; continue; }
      for (const { index, embedding } of answer.json.data) {
        const said = JSON.stringify(embedding);
        const known = this.embeddings.get(texts[index]);
        if (known === undefined) this.embeddings.set(texts[index], said);
        else if (known !== said) wrong += 1;
      }
      hits += Number(/hit=(\d+)/.exec(answer.cache)?.[1] ?? (/; hit/.test(answer.cache) ? 40 : 0));
    }
    for (let i = 0; i < kChats; i++) {
      const answer = await server.chat(textOf(i));
      if (answer.status !== 200) { failed += 1; continue; }
      const said = JSON.stringify(answer.json.choices);
      const known = this.chats.get(i);
      if (known === undefined) this.chats.set(i, said);
      else if (known !== said) wrong += 1;
      if (/; hit/.test(answer.cache)) hits += 1;
    }
    return { wrong, hits, failed };
  }

  // Reads every point by its id. `lost`: not there, or not to be had; `wrong`: other values or metadata.
  async readPoints(server) {
    let wrong = 0;
    let lost = 0;
    const ids = Array.from({ length: kPoints }, (_, i) => `p${i}`);
    for (let at = 0; at < ids.length; at += 100) {
      const some = ids.slice(at, at + 100);
      const answer = await server.ask('POST', '/v1/collections/docs/get', { ids: some, return_vectors: true });
      const found = new Map((answer.status === 200 ? answer.json.data ?? [] : [])
        .filter((point) => point !== null).map((point) => [point.id, point]));
      for (const [i, id] of some.entries()) {
        const point = found.get(id);
        if (point === undefined) { lost += 1; continue; }
        const known = pointOf(at + i);
        if (JSON.stringify((point.values ?? []).map(Math.fround)) !== JSON.stringify(known.values) ||
            point.metadata?.n !== known.metadata.n) wrong += 1;
      }
    }
    return { wrong, lost };
  }
}

export async function upsert(server, from, to) {
  return server.ask('POST', '/v1/collections/docs/upsert',
                    { points: Array.from({ length: to - from }, (_, i) => pointOf(from + i)) });
}

// A data directory as kill -9 leaves it: tables, logs that were not flushed, an index. Returns its path and what is in it.
export async function template(settings = '') {
  const dataDir = path.join(scratch('template'), 'data');
  const expected = new Expected();
  const server = new Server(dataDir, { settings });
  await server.start();
  const made = await server.ask('PUT', '/v1/collections/docs', { dimensions: kDimensions, metric: 'cosine' });
  if (made.status !== 201) throw new Error(`no collection: ${made.text}`);
  await expected.askAll(server);
  const first = await upsert(server, 0, 200);
  if (first.status !== 200) throw new Error(`no points: ${first.text}`);
  await server.stop();  // what was written until here is in tables
  await server.start();
  await server.embed('one more, which stands in the log alone');
  for (let at = 200; at < kPoints; at += 10) {
    const more = await upsert(server, at, at + 10);
    if (more.status !== 200) throw new Error(`no points: ${more.text}`);
  }
  await server.kill();
  return { dataDir, expected };
}

export function copyOf(dataDir) {
  const copy = path.join(scratch('copy'), 'data');
  cpSync(dataDir, copy, { recursive: true });
  return copy;
}

// Rows of a report, printed as they come.
export class Report {
  rows = 0;
  bad = 0;
  constructor(title) { console.log(title); }
  row(name, problem, detail = '') {
    this.rows += 1;
    if (problem) this.bad += 1;
    console.log(`${problem ? 'FAIL' : 'ok  '} ${name}${detail ? `: ${detail}` : ''}${problem ? `: ${problem}` : ''}`);
  }
  end() {
    console.log(`${this.rows - this.bad} of ${this.rows} as they should be`);
    process.exitCode = this.bad > 0 || this.rows === 0 ? 1 : 0;
  }
}
