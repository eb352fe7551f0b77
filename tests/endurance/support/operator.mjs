// Whoever runs a server while it is used: reads, tails that come and go, purges, reloads, snapshots, rotated logs.
import { execFile } from 'node:child_process';
import http from 'node:http';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from './ask.mjs';

const kReads = ['/admin/v1/stats', '/admin/v1/stats?window=15m', '/admin/v1/timeseries', '/admin/v1/config',
                '/admin/v1/entries?layer=embeddings&limit=20', '/admin/v1/entries?layer=responses&limit=20&q=passage',
                '/admin/v1/keys', '/metrics', '/livez', '/readyz'];
const kTasks = ['snapshot', 'snapshot', 'eviction', 'expiry', 'compaction'];

export class Operator {
  counts = { reads: 0, tails: 0, events: 0, purges: 0, reloads: 0, tasks: 0, rotations: 0 };
  warnings = new Map();  // message -> how often
  #world;
  #admin;
  #random;
  #log;

  // log: the path of the server's log.
  constructor({ world, admin, random, log }) {
    this.#world = world;
    this.#admin = admin;
    this.#random = random;
    this.#log = log;
  }

  // Everything at once until `signal` says so.
  async run(signal) {
    const every = async (ms, act) => {
      for (;;) {
        await wait(ms, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        await act();
      }
    };
    await Promise.all([
      every(200, () => this.#read()), every(100, () => this.#tail()), every(150, () => this.#tail()),
      every(3000, () => this.#purge()), every(5000, () => this.#reload()), every(7000, () => this.#upkeep()),
      every(20_000, () => this.rotate()),
    ]);
  }

  async #read() {
    const answer = await this.#world.connection.request('GET', this.#random.pick(kReads), { headers: this.#admin });
    expect(answer.status === 200, 'an operator is answered', `${answer.status} ${answer.text.slice(0, 300)}`);
    ++this.counts.reads;
  }

  // Reads along for a while, then leaves without a word. A client beyond admin.max_event_streams is told so.
  async #tail() {
    ++this.counts.tails;
    const recent = this.#random.int(0, 50);
    const url = `${this.#world.connection.origin}/admin/v1/events?recent=${recent}`;
    const request = http.get(url, { headers: this.#admin });
    request.on('error', () => {});
    request.on('response', (response) => response.on('error', () => {}).on('data', (chunk) => {
      this.counts.events += chunk.toString().split('\nid:').length - 1;
    }));
    await wait(this.#random.int(10, 2000));
    request.destroy();
  }

  async #purge() {
    const body = this.#random.pick([
      { prefix: `new passage ${this.#random.int(10, 99)}` }, { input: `known passage ${this.#random.int(0, 1499)}` },
      { layer: 'responses', older_than_s: 30 }, { model: 'no-such-model', dry_run: true },
    ]);
    await this.#world.connection.json('POST', '/admin/v1/purge', { headers: this.#admin, body });
    ++this.counts.purges;
  }

  #reload() {
    process.kill(this.#world.larder.pid, 'SIGHUP');
    ++this.counts.reloads;
  }

  async #upkeep() {
    const task = this.#random.pick(kTasks);
    const answer = await this.#world.connection.request('POST', '/admin/v1/maintenance', {
      headers: this.#admin, body: { task } });
    expect([202, 409].includes(answer.status), 'a task is started or runs', `${answer.status} ${answer.text}`);
    ++this.counts.tasks;
  }

  // Moves the log away, and looks through what was in it.
  async rotate() {
    const old = `${this.#log}.old`;
    await rename(this.#log, old);
    process.kill(this.#world.larder.pid, 'SIGUSR1');
    await wait(500);  // the last lines still go into the old one
    const { stdout } = await promisify(execFile)('grep', ['-v', '"level":"info"', old], { maxBuffer: 2 ** 28 })
      .catch((error) => error);
    for (const line of stdout.split('\n').filter(Boolean)) {
      const { level, message, ...more } = JSON.parse(line);
      expect(level !== 'error', 'the log tells of no error', { message, ...more });
      this.warnings.set(message, (this.warnings.get(message) ?? 0) + 1);
    }
    await rm(old);
    ++this.counts.rotations;
  }
}
