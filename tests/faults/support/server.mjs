// A Larder on a data directory that the test breaks; may be started under another program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually, within } from '../../clients/support/waiting.mjs';

const kBinary = process.env.LARDER_BINARY;
export const kServingLimitMs = 10_000;  // what the table of docs/operations.md promises

const kept = [];
process.on('exit', () => kept.reverse().forEach((undo) => undo()));
// At the end of the test, the last first.
export const atExit = (undo) => kept.push(undo);

// A directory that is gone when the test ends.
export function scratch(name) {
  const home = mkdtempSync(path.join(tmpdir(), `larder-faults-${name}-`));
  atExit(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

export class Server {
  stderr = '';
  child = null;
  exited = null;

  // prefix: a program and its arguments that run the binary. settings: text of a larder.toml.
  constructor(dataDir, { settings = '', prefix = [], env = {}, upstream = 'builtin' } = {}) {
    this.dataDir = dataDir;
    this.prefix = prefix;
    this.env = env;
    this.upstream = upstream;
    this.config = path.join(scratch('config'), 'larder.toml');
    writeFileSync(this.config, settings, { mode: 0o644 });
    atExit(() => this.child?.kill('SIGKILL'));
  }

  // Resolves once it listens, with how long that took.
  async start() {
    const begun = performance.now();
    const command = [...this.prefix, kBinary, 'serve', '--config', this.config, '--listen', '127.0.0.1:0',
                     '--data-dir', this.dataDir, '--upstream', this.upstream, '--log-format', 'json'];
    const clean = Object.fromEntries(Object.entries(process.env)
      .filter(([name]) => !/^(OPENAI_|LARDER_)|_proxy$/i.test(name)));
    this.stderr = '';
    let stdout = '';
    const child = spawn(command[0], command.slice(1), { env: { ...clean, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.ended = null;
    this.exited = once(child, 'close').then(([code, signal]) => { this.ended = { code, signal }; return this.ended; });
    child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    await within(kServingLimitMs, 'it listens', Promise.race([
      new Promise((resolve) => child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
        if (stdout.includes('\n')) resolve();
      })),
      this.exited.then((end) => { throw new Error(`it ended before it listened: ${JSON.stringify(end)}\n${this.stderr}`); }),
    ]));
    this.origin = /http:\/\/\S+/.exec(stdout)[0];
    return performance.now() - begun;
  }

  get pid() { return this.child.pid; }
  get alive() { return this.ended === null; }

  // fresh: on a connection of its own.
  async ask(method, where, body, { timeout = 10_000, fresh = false } = {}) {
    const response = await fetch(this.origin + where, {
      method, signal: AbortSignal.timeout(timeout),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }),
                 ...(fresh ? { connection: 'close' } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    let json = null;
    try { json = JSON.parse(text); } catch { /* not everything is JSON */ }
    return { status: response.status, headers: response.headers, text, json,
             cache: response.headers.get('cache-status') ?? '' };
  }
  embed(input) { return this.ask('POST', '/v1/embeddings', { model: 'larder-hash-384', input }); }
  chat(content) {
    return this.ask('POST', '/v1/chat/completions', { model: 'larder-echo', messages: [{ role: 'user', content }] });
  }
  async ready() { return (await this.ask('GET', '/readyz')).json; }
  async stats() { return (await this.ask('GET', '/admin/v1/stats')).json; }
  becomes(what, check, ms = kServingLimitMs) {
    return eventually(ms, what, async () => {
      if (!this.alive) throw new Error(`it died: ${JSON.stringify(this.ended)}\n${this.stderr.slice(-2000)}`);
      return check(await this.ready().catch(() => ({})));
    });
  }
  // The lines of the log at these levels.
  complaints(levels = ['warn', 'error']) {
    return this.stderr.split('\n').filter(Boolean).map((line) => {
      try { return JSON.parse(line); } catch { return { level: 'error', message: line }; }
    }).filter((line) => levels.includes(line.level));
  }

  async stop() {
    if (this.alive) this.child.kill('SIGTERM');
    const end = await within(35_000, 'it stops', this.exited);
    if (end.code !== 0) throw new Error(`it ended with ${JSON.stringify(end)}\n${this.stderr.slice(-2000)}`);
  }
  async kill() {
    if (this.alive) this.child.kill('SIGKILL');
    await this.exited;
  }
}
