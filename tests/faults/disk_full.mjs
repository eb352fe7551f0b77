// A disk that somebody else fills up while requests and writes to a collection go on, and that is freed again: the
// server lives, every answer is right, it caches again within 10 seconds, and every acknowledged point is there.
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Expected, Report, upsert } from './support/world.mjs';
import { atExit, Server, scratch } from './support/server.mjs';
import { eventually } from '../clients/support/waiting.mjs';

const kSettings = `
[cache.store]
min_free_bytes = 4194304
write_buffer_bytes = 1048576
[cache.embeddings]
memory_bytes = 1048576
`;
const kBlock = Buffer.alloc(64 << 10, 'x');
const rounds = process.argv.includes('--short') ? 1 : 20;

const mount = path.join(scratch('disk'), 'disk');
mkdirSync(mount);
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mount], { stdio: 'pipe' });
} catch (error) {
  console.log(`disk-full: skipped: cannot mount a tmpfs (${String(error.stderr).trim()})`);
  process.exit(0);
}
atExit(() => execFileSync('umount', ['-l', mount]));

// Takes whatever room there is, to the last block.
class Filler {
  #file = path.join(mount, 'filler');
  #fd = openSync(this.#file, 'w');
  fill() {
    for (let size = kBlock.length; size >= 512;) {
      try {
        if (writeSync(this.#fd, kBlock, 0, size) < size) size = Math.floor(size / 2);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
    fsyncSync(this.#fd);
  }
  free() {
    closeSync(this.#fd);
    rmSync(this.#file);
  }
}

// What clients do all the time: texts that are new, texts that are known, points.
class Traffic {
  seen = { answered: 0, failed: 0, stored: 0, notStored: 0, refused: 0, odd: [] };
  acknowledged = 0;
  #on = true;
  #workers;
  constructor(server, round) {
    this.#workers = [0, 1, 2].map(async (worker) => {
      for (let i = 0; this.#on; i++) {
        const texts = Array.from({ length: 32 }, (_, t) => `round ${round} worker ${worker} request ${i} text ${t}`);
        await server.embed(texts).then(({ status, cache }) => {
          this.seen.answered += 1;
          if (status !== 200) this.seen.odd.push(`embeddings ${status}`);
          if (/store-failed/.test(cache)) this.seen.notStored += 1;
          else if (/stored/.test(cache)) this.seen.stored += 1;
        }, () => { this.seen.failed += 1; });
      }
    });
    this.#workers.push((async () => {
      while (this.#on) {
        const answer = await upsert(server, this.acknowledged, this.acknowledged + 1).catch(() => null);
        if (answer?.status === 200) {
          this.acknowledged = Math.min(this.acknowledged + 1, 299);
        } else if (answer?.status === 503 && answer.json?.error?.message) {
          this.seen.refused += 1;
          await new Promise((resume) => setTimeout(resume, 20));
        } else {
          this.seen.odd.push(`upsert ${answer?.status} ${answer?.text}`);
        }
      }
    })());
  }
  async end() {
    this.#on = false;
    await Promise.all(this.#workers);
  }
}

async function lostPoints(server, count) {
  const ids = Array.from({ length: count }, (_, i) => `p${i}`);
  let lost = 0;
  for (let at = 0; at < count; at += 100) {
    const answer = await server.ask('POST', '/v1/collections/docs/get', { ids: ids.slice(at, at + 100) });
    lost += answer.status === 200 ? answer.json.missing.length : 100;
  }
  return lost;
}

async function round(number, expected, report) {
  const dataDir = path.join(mount, `data-${number}`);
  const server = new Server(dataDir, { settings: kSettings });
  const problems = [];
  let detail = '';
  try {
    await server.start();
    await server.ask('PUT', '/v1/collections/docs', { dimensions: 32 });
    await expected.askAll(server);
    const traffic = new Traffic(server, number);
    await eventually(10_000, 'traffic flows', () => traffic.seen.stored > 5 && traffic.acknowledged > 2);
    const filler = new Filler();
    // Whatever is freed meanwhile is taken as well.
    const until = Date.now() + 1500 + 100 * (number % 10);
    while (Date.now() < until) {
      filler.fill();
      await new Promise((resume) => setTimeout(resume, 10));
    }
    await server.becomes('it says that it is degraded', (now) => now.cache === 'degraded' && now.data !== 'ok');
    const during = await expected.askAll(server);
    if (during.wrong + during.failed > 0) problems.push(`on the full disk ${JSON.stringify(during)}`);
    const stored = traffic.seen.stored;
    filler.free();
    const freed = performance.now();
    await eventually(10_000, 'it caches again', () => {
      if (!server.alive) throw new Error(`it died: ${server.stderr.slice(-500)}`);
      return traffic.seen.stored > stored;
    });
    const took = performance.now() - freed;
    const before = traffic.acknowledged;
    await eventually(10_000, 'the collection takes points again', () => traffic.acknowledged > before || before === 299);
    await server.becomes('it says that all is well', (now) => now.cache === 'ok' && now.data === 'ok');
    await traffic.end();
    const { odd, failed } = traffic.seen;
    if (odd.length > 0) problems.push(`${odd.length} odd answers: ${odd[0].slice(0, 300)}`);
    if (failed > 0) problems.push(`${failed} requests without an answer`);
    if (traffic.seen.notStored === 0) problems.push('the disk was never too full to store');
    const after = await expected.askAll(server);
    if (after.wrong + after.failed > 0) problems.push(`afterwards ${JSON.stringify(after)}`);
    let lost = await lostPoints(server, traffic.acknowledged);
    await server.kill();
    await server.start();
    lost += await lostPoints(server, traffic.acknowledged);
    const again = await expected.askAll(server);
    if (again.wrong + again.failed > 0) problems.push(`after the restart ${JSON.stringify(again)}`);
    if (lost > 0) problems.push(`${lost} acknowledged points lost`);
    detail = `caching again after ${Math.round(took)} ms; ${JSON.stringify(traffic.seen)}; points ${traffic.acknowledged}`;
    await server.stop();
  } catch (error) {
    problems.push(error.message.slice(0, 1500));
    await server.kill();
  }
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(path.join(mount, 'filler'), { force: true });
  report.row(`round ${number}`, problems.join('; '), detail);
}

const report = new Report('a disk of 64 MiB that fills up under load');
const expected = new Expected();
for (let number = 1; number <= rounds; number++) await round(number, expected, report);
report.end();
