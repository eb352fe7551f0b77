// A Larder under load from clients that know every answer, to be ended at any moment and started again.
import { setTimeout as wait } from 'node:timers/promises';
import { startLarder } from '../../clients/support/larder.mjs';
import { eventually, within } from '../../clients/support/waiting.mjs';
import { Connection, expect, Unanswered } from './ask.mjs';
import { Chatter, Embedder, Purger, Searcher } from './cache_clients.mjs';
import { CollectionWriter } from './collection_writer.mjs';
import { KeyClient, kHeldKey } from './key_client.mjs';
import { startUpstream } from './upstream.mjs';

const kAdminToken = 'endurance-admin-token';
export const kAdmin = { authorization: `Bearer ${kAdminToken}` };
const kPatienceMs = 30_000;
const kHarmless = /open descriptors/;  // of the machine's, not of Larder's making

// Answers live longer than the longest run; snapshots are saved while it is killed.
const kSettings = `
[cache.responses]
lifetime_s = 86400

[collections]
snapshot_interval_s = 1

[search]
snapshot_interval_s = 1
`;
// Of the models that the clients use, those named held-* go to an upstream whose key Larder holds.
const upstreamsOf = (url) => `
[[upstreams]]
name = "held"
url = "${url}"
models = ["held-*"]
api_key_env = "ENDURANCE_KEY"

[[upstreams]]
name = "pass"
url = "${url}"
models = ["pass-*"]
`;

export class World {
  larder = null;
  starts = [];  // milliseconds from each start to ready
  #upstream;
  #clients;

  // settings: text of a larder.toml in place of the usual one; upstream: URL for models that its clients do not use.
  // many: how many points the largest collection has.
  static async begin(random, { settings = kSettings, upstream, many = 4400 } = {}) {
    const world = new World();
    world.#upstream = await startUpstream();
    world.larder = await startLarder({
      upstream: upstream ?? world.#upstream.url, config: settings + upstreamsOf(world.#upstream.url),
      env: { ENDURANCE_KEY: kHeldKey, LARDER_ADMIN_TOKEN: kAdminToken },
    });
    world.connection = new Connection(world.larder.origin);
    const writer = (name, metric, points) => new CollectionWriter({ name, metric, points, random: random.fork() });
    world.#clients = {
      writers: [writer('ada', 'cosine'), writer('ben', 'dot'), writer('col', 'euclidean'),
                // So many that their index keeps its vectors in a file beside the snapshot.
                writer('many', 'cosine', many)],
      keys: [new KeyClient({ admin: kAdmin, random: random.fork() })],
      embedders: [new Embedder(random.fork()), new Embedder(random.fork())],
      chatters: [new Chatter(random.fork()), new Chatter(random.fork())],
      purgers: [new Purger({ admin: kAdmin, random: random.fork() })],
      searchers: [new Searcher(random.fork())],
    };
    return world;
  }

  get #all() { return Object.values(this.#clients).flat(); }

  // What the clients did, for the summary.
  get counts() {
    const sum = (list, name) => list.reduce((total, client) => total + client[name], 0);
    const { writers, keys, embedders, chatters, purgers, searchers } = this.#clients;
    return { writes: sum(writers, 'writes'), keys_made: sum(keys, 'made'), keys_revoked: sum(keys, 'revoked'),
             embeddings: sum(embedders, 'asked'), chats: sum(chatters, 'asked'), purges: sum(purgers, 'purges'),
             searches: sum(writers, 'searches') + sum(searchers, 'searches') };
  }

  // The data directory is another one: nothing of what was acknowledged is to be in it.
  forget() { this.#all.forEach((client) => client.forget()); }

  // runEnv: variables of this run. Throws when it is not ready in time.
  async start({ runEnv = {}, readyMs } = {}) {
    const begun = performance.now();
    await this.larder.start([], runEnv);
    this.connection.close();
    this.connection = new Connection(this.larder.origin);
    const { status } = await this.connection.request('GET', '/readyz');
    expect(status === 200, '/readyz is 200', status);
    const took = performance.now() - begun;
    if (readyMs === undefined) return;
    this.starts.push(took);
    expect(took <= readyMs, `ready within ${readyMs} ms`, `${Math.round(took)} ms`);
  }

  // Loads it until it ends: by itself, or killed after so many milliseconds.
  async loadUntilKilled(afterMs) {
    const connection = this.connection;
    const run = async (client) => {
      for (;;) await client.step(connection);
    };
    const runs = this.#all.map((client) => run(client).catch((error) => error));
    const timer = setTimeout(() => this.larder.kill().catch(() => {}), afterMs);
    const { signal, code } = await within(120_000, 'the server is ended', Promise.race([
      this.larder.ended,
      Promise.race(runs.map(async (run) => {
        const error = await run;
        if (!(error instanceof Unanswered)) throw error;
        // Whom a connection breaks off must have lost the server, too.
        return within(kPatienceMs, `the server has ended (${error.message})`, this.larder.ended);
      }))])).finally(() => clearTimeout(timer));
    expect(signal === 'SIGKILL', 'it ran until it was killed', `${signal ?? code}\n${this.larder.stderr.slice(-3000)}`);
    for (const error of await Promise.all(runs)) {
      if (!(error instanceof Unanswered)) throw error;
    }
    connection.close();
  }

  // Loads it with a pause after each request, until `done()`.
  async loadSlowly(pauseMs, done) {
    await Promise.all(this.#all.map(async (client) => {
      while (!done()) {
        await client.step(this.connection);
        await wait(pauseMs);
      }
    }));
  }

  // Waits until every collection can be searched.
  async ready() {
    await eventually(kPatienceMs, 'collections are loaded', async () => {
      const { collections } = JSON.parse((await this.connection.request('GET', '/readyz')).text);
      expect(collections !== 'unusable', 'collections can be used', this.larder.stderr);
      return collections === 'ready';
    });
  }

  // Everything that was acknowledged is there. cachedUntil: what the cache had by then is there, too.
  async check({ cachedUntil }) {
    await this.ready();
    await Promise.all(this.#all.map((client) => client.check(this.connection, cachedUntil)));
    this.#checkLog();
  }

  // A damage that Larder mends by itself is damage still.
  #checkLog() {
    const told = this.larder.stderr.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const bad = told.filter(({ level, message }) => ['error', 'warn'].includes(level) && !kHarmless.test(message));
    expect(bad.length === 0, 'the log tells of no trouble', bad);
  }

  async end() {
    this.connection.close();
    this.#upstream.stop();
    await this.larder.dispose();
  }
}
