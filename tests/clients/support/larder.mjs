// The Larder binary as a black box: start it, talk to it, stop it or kill it, start it again on the same data.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from './waiting.mjs';

const kDefaultBinary = fileURLToPath(new URL('../../../build/release/larder', import.meta.url));
const kReadyLine = /^larder listening on (http:\/\/\S+)$/;
const kStartLimitMs = 30_000;
const kStopLimitMs = 35_000;  // contract: requests in flight get 30 s

const running = new Set();
// A test file that dies must not leave servers behind.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// The caller's keys, settings and proxies must not reach the server under test.
function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OPENAI_|LARDER_)|_proxy$/i.test(name));
  return Object.fromEntries(kept);
}

// Starts `larder serve` on a free port with a data directory of its own.
// upstream: URL of an upstream or 'builtin'. args: further flags; runArgs: for the first run alone. config: text of a
// larder.toml. env: variables beside the caller's own.
export async function startLarder({ upstream, args = [], runArgs = [], config, env = {} } = {}) {
  const home = await mkdtemp(path.join(tmpdir(), 'larder-clients-'));
  const flags = ['serve', '--listen', '127.0.0.1:0', '--data-dir', path.join(home, 'data'),
                 '--upstream', upstream, '--log-format', 'json', ...args];
  if (config !== undefined) {
    const file = path.join(home, 'larder.toml');
    await writeFile(file, config);
    flags.push('--config', file);
  }
  const larder = new Larder(home, flags, env);
  try {
    await larder.start(runArgs);
  } catch (error) {
    await larder.dispose();
    throw error;
  }
  return larder;
}

class Larder {
  origin = null;  // http://127.0.0.1:PORT, another one after each start
  stdout = '';
  stderr = '';
  #home;
  #flags;
  #env;
  #child = null;
  #exited = null;

  constructor(home, flags, env) {
    this.#home = home;
    this.#flags = flags;
    this.#env = env;
  }

  // What a client takes as its base URL.
  get url() { return `${this.origin}/v1`; }

  get pid() { return this.#child.pid; }
  get dataDir() { return path.join(this.#home, 'data'); }
  // Settles when the process of the last start() is gone: { code, signal }.
  get ended() { return this.#exited; }

  // runArgs, runEnv: flags and variables for this run alone.
  async start(runArgs = [], runEnv = {}) {
    const binary = process.env.LARDER_BINARY || kDefaultBinary;
    this.stdout = this.stderr = '';
    const child = spawn(binary, [...this.#flags, ...runArgs], {
      env: { ...cleanEnvironment(), ...this.#env, ...runEnv }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    this.#exited = once(child, 'close').then(([code, signal]) => ({ code, signal }), (error) => ({ error }))
      .finally(() => running.delete(child));
    child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    child.stdout.setEncoding('utf8');
    const ready = new Promise((resolve) => child.stdout.on('data', (text) => {
      this.stdout += text;
      if (this.stdout.includes('\n')) resolve();
    }));
    const ended = this.#exited.then((end) => {
      const why = end.error?.message ?? JSON.stringify(end);
      throw new Error(`${binary} ended before it was ready: ${why}\n${this.stderr}`);
    });
    ended.catch(() => {});  // it also ends when all went well, much later
    await within(kStartLimitMs, 'larder says that it listens', Promise.race([ready, ended]));
    const match = kReadyLine.exec(this.stdout.split('\n')[0]);
    if (!match) throw new Error(`first line on stdout is not the promised one: ${JSON.stringify(this.stdout)}`);
    this.origin = match[1];
  }

  // Ends it the polite way. Throws when the exit code is not 0 or stdout held more than the one line.
  async stop() {
    this.#child.kill('SIGTERM');
    const end = await within(kStopLimitMs, 'larder exits after SIGTERM', this.#exited);
    if (end.code !== 0) throw new Error(`larder exited with ${JSON.stringify(end)} after SIGTERM\n${this.stderr}`);
    if (this.stdout !== `larder listening on ${this.origin}\n`) {
      throw new Error(`stdout is for the one ready line, got ${JSON.stringify(this.stdout)}`);
    }
  }

  // kill -9: nothing is flushed, nothing is said.
  async kill() {
    this.#child.kill('SIGKILL');
    await within(kStopLimitMs, 'larder is gone after SIGKILL', this.#exited);
  }

  // For after(): stops it if it runs, then removes its files. A bad exit is reported after the files are gone.
  async dispose() {
    try {
      if (this.#child && running.has(this.#child)) await this.stop();
    } finally {
      if (this.#child && running.has(this.#child)) await this.kill();
      await rm(this.#home, { recursive: true, force: true });
    }
  }
}
