// The rows of the process and its surroundings: clock, descriptors, memory, death.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, scratch } from './support/server.mjs';
import { Expected, kPoints, upsert } from './support/world.mjs';
import { eventually } from '../clients/support/waiting.mjs';

async function started(name, options, check) {
  const server = new Server(path.join(scratch(name), 'data'), options);
  const expected = new Expected();
  try {
    await server.start();
    await server.ask('PUT', '/v1/collections/docs', { dimensions: 32 });
    await expected.askAll(server);
    return await check(server, expected);
  } finally {
    await server.kill();
  }
}
async function right(server, expected) {
  const { wrong, failed, hits } = await expected.askAll(server);
  assert.deepEqual({ wrong, failed }, { wrong: 0, failed: 0 });
  return hits;
}

// A server whose time of day the test moves.
async function onClock(skip, check) {
  const home = scratch('clock');
  const shim = path.join(home, 'shifted_clock.so');
  const source = fileURLToPath(new URL('support/shifted_clock.c', import.meta.url));
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', shim, source, '-ldl'], { stdio: 'pipe' });
  } catch {
    skip('no C compiler');
  }
  const offset = path.join(home, 'offset');
  const move = (seconds) => writeFileSync(offset, String(seconds));
  move(0);
  return started('clock', { env: { LD_PRELOAD: shim, SHIFTED_CLOCK: offset } },
                 (server, expected) => check(server, expected, move));
}

// Connections that say nothing, until the server takes no more.
async function hold(server, count) {
  const port = Number(new URL(server.origin).port);
  const sockets = [];
  for (let i = 0; i < count; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await Promise.all(sockets.map((socket) => new Promise((resolve) => {
    socket.once('connect', resolve).once('close', resolve);
  })));
  return sockets;
}

export const kServerRows = [
  { kind: 'the clock jumps forward', check: ({ skip }) => onClock(skip, async (server, expected, move) => {
    assert.ok(await right(server, expected) > 0);
    move(400 * 86400);
    assert.equal(await right(server, expected), 0, 'everything is past its lifetime');
    assert.ok(await right(server, expected) > 0, 'and fetched anew');
    assert.equal((await upsert(server, 0, 10)).status, 200);
    return 'fetched anew';
  }) },
  { kind: 'the clock jumps back', check: ({ skip }) => onClock(skip, async (server, expected, move) => {
    assert.ok(await right(server, expected) > 0);
    move(-400 * 86400);
    assert.equal(await right(server, expected), 0, 'what is of the future is not immortal');
    assert.ok(await right(server, expected) > 0, 'it is fetched anew');
    assert.match((await server.embed(['new before its time'])).cache, /stored/);
    assert.equal((await upsert(server, 0, 10)).status, 200);
    const answer = await server.embed(['new before its time']);
    assert.match(answer.cache, /; hit; ttl=\d+/);
    assert.ok(Number(answer.headers.get('age')) < 3600, `Age ${answer.headers.get('age')}`);
    move(0);
    await right(server, expected);
    assert.ok(await right(server, expected) > 0);
    assert.equal((await server.ready()).status, 'ok');
    return 'fetched anew';
  }) },
  { kind: 'file descriptors are used up', check: () => started('descriptors', {
    prefix: ['prlimit', '--nofile=120:120'], settings: '[server]\nidle_timeout_s = 3600\n' }, async (server, expected) => {
    const sockets = await hold(server, 200);
    // Whoever comes now is answered, be it with a refusal, or taken once somebody leaves.
    const answer = await server.ask('GET', '/livez', undefined, { timeout: 5000, fresh: true }).catch(() => null);
    assert.ok(answer === null || [200, 503].includes(answer.status), `${answer?.status}`);
    sockets.forEach((socket) => socket.destroy());
    await eventually(10_000, 'it serves again', async () =>
      (await server.ask('GET', '/readyz', undefined, { timeout: 1000 }).catch(() => null))?.status === 200);
    await right(server, expected);
    await server.becomes('all is well', (now) => now.cache === 'ok' && now.data === 'ok');
    return `meanwhile ${answer?.status ?? 'no answer'}`;
  }) },
  { kind: 'memory is refused', check: () => started('memory', { settings: '[server]\nworker_threads = 4\n' },
    async (server, expected) => {
      const status = execFileSync('cat', [`/proc/${server.pid}/status`], { encoding: 'utf8' });
      const now = Number(/VmSize:\s+(\d+)/.exec(status)[1]) * 1024;
      execFileSync('prlimit', [`--as=${now + (96 << 20)}:unlimited`, `--pid=${server.pid}`]);
      const large = 'x'.repeat(20 << 20);
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) =>
        server.ask('POST', '/v1/chat/completions',
                   { model: 'larder-echo', messages: [{ role: 'user', content: `${i} ${large}` }] }, { timeout: 60_000 })
          .then(({ status: code }) => code, () => 'cut')));
      assert.ok(server.alive, `it died: ${server.stderr.slice(-1000)}`);
      assert.ok(answers.some((code) => code !== 200), 'nothing was refused: the limit does not bite');
      execFileSync('prlimit', ['--as=unlimited:unlimited', `--pid=${server.pid}`]);
      await right(server, expected);
      await server.becomes('all is well', (ready) => ready.cache === 'ok' && ready.data === 'ok');
      return `answered ${answers.join(' ')}`;
    }) },
  { kind: 'the process is killed (`kill -9`)', check: () => started('kill', {}, async (server, expected) => {
    assert.equal((await upsert(server, 0, kPoints)).status, 200);
    await server.kill();
    await server.start();
    assert.deepEqual(await expected.readPoints(server), { wrong: 0, lost: 0 });
    const hits = await right(server, expected);
    return `${hits} hits, no point lost`;
  }) },
  { kind: 'another server uses the data directory', check: () => started('twice', {}, async (server, expected) => {
    const second = new Server(server.dataDir);
    await assert.rejects(second.start(), /is used by another larder/);
    await right(server, expected);
    return 'the second does not start';
  }) },
];
