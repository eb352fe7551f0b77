// The rows of disk and databases.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { atExit, Server, scratch } from './support/server.mjs';
import { canInject, inject } from './support/strace.mjs';
import { copyOf, Expected, kPoints, template, upsert } from './support/world.mjs';

const newText = () => [`a text that is new: ${Math.random()}`];
let made = null;
const sample = async () => {
  made ??= await template();
  return made;
};

// A server on a copy of the sample; `broken` changes the copy before the start.
async function onSample(broken, check, options = {}) {
  const { dataDir, expected } = await sample();
  const copy = copyOf(dataDir);
  await broken(copy);
  const server = new Server(copy, options);
  try {
    await server.start();
    return await check(server, expected, copy);
  } finally {
    await server.kill();
  }
}
async function rightAnswers(server, expected) {
  const { wrong, failed, hits } = await expected.askAll(server);
  assert.deepEqual({ wrong, failed }, { wrong: 0, failed: 0 });
  return hits;
}
const stores = async (server) => /stored(?!-)/.test((await server.embed(newText())).cache);
async function storesAgain(server) {
  await server.becomes('all is well', (now) => now.cache === 'ok' && now.data === 'ok');
  assert.ok(await stores(server), 'it stores again');
  assert.equal((await upsert(server, 0, 1)).status, 200);
}
async function refusesToWrite(server) {
  const refused = await upsert(server, 0, 1);
  assert.equal(refused.status, 503, refused.text);
  assert.ok(refused.json.error.message.length > 10);
  return refused.json.error.message;
}
const overwritten = (file) => writeFileSync(file, 'garbage\n');
const filesIn = (dir, part) => readdirSync(dir).filter((name) => name.includes(part)).map((name) => path.join(dir, name));

// Such a file system has less room than is kept free by default.
const kRoomy = '[cache.store]\nmin_free_bytes = 4194304\n';

// A file system of its own; only where mounting is allowed.
function mounted(skip, size = '64m') {
  const mount = path.join(scratch('mount'), 'disk');
  mkdirSync(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', mount], { stdio: 'pipe' });
  } catch (error) {
    skip(`cannot mount a tmpfs (${String(error.stderr).trim()})`);
  }
  atExit(() => execFileSync('umount', ['-l', mount]));
  return { mount, remount: (how) => execFileSync('mount', ['-o', `remount,${how}`, mount]) };
}
async function onMount(skip, check, settings = kRoomy) {
  const disk = mounted(skip);
  const server = new Server(path.join(disk.mount, 'data'), { settings });
  try {
    await server.start();
    await server.ask('PUT', '/v1/collections/docs', { dimensions: 32 });
    const expected = new Expected();
    await expected.askAll(server);
    assert.equal((await upsert(server, 0, kPoints)).status, 200);
    return await check(server, expected, disk);
  } finally {
    await server.kill();
  }
}

export const kDiskRows = [
  { kind: 'the cache database is damaged', check: () => onSample((dir) => overwritten(`${dir}/cache/CURRENT`),
    async (server, expected, dir) => {
      assert.equal(await rightAnswers(server, expected), 0);
      assert.ok(readdirSync(dir).some((name) => name.startsWith('cache.damaged-')));
      await storesAgain(server);
      return 'moved aside, begun anew';
    }) },
  { kind: 'the cache database cannot be opened', check: () => onSample(
    (dir) => { renameSync(`${dir}/cache`, `${dir}/cache.elsewhere`); writeFileSync(`${dir}/cache`, 'a file'); },
    async (server, expected, dir) => {
      assert.equal((await server.ready()).cache, 'degraded');
      assert.match((await server.embed(newText())).cache, /store-failed/);
      await rightAnswers(server, expected);
      rmSync(`${dir}/cache`);
      await storesAgain(server);
      return 'came back';
    }) },
  { kind: 'the cache database vanishes', check: () => onSample(() => {}, async (server, expected, dir) => {
    rmSync(`${dir}/cache`, { recursive: true });
    await server.becomes('it was noticed', async () => (await server.stats()).databases.cache.reopened > 0);
    await rightAnswers(server, expected);
    await storesAgain(server);
    return 'begun anew';
  }) },
  { kind: 'the disk is nearly full', check: ({ skip }) => onMount(skip, async (server, expected, { mount }) => {
    const { bavail, bsize } = statfsSync(mount);
    writeFileSync(`${mount}/filler`, Buffer.alloc(bavail * bsize - (2 << 20)));
    await server.becomes('it says so', (now) => now.cache === 'degraded' && now.data === 'degraded');
    assert.match((await server.embed(newText())).cache, /store-failed/);
    assert.match(await refusesToWrite(server), /nearly full/);
    await rightAnswers(server, expected);
    rmSync(`${mount}/filler`);
    await storesAgain(server);
    return 'stores again';
  }, '[cache.store]\nmin_free_bytes = 8388608\n') },
  { kind: 'the disk is full to the last byte', check: ({ skip }) => onMount(skip, async (server, expected, { mount }) => {
    const { bavail, bsize } = statfsSync(mount);
    writeFileSync(`${mount}/filler`, Buffer.alloc(bavail * bsize - bsize));
    while (await stores(server));
    await server.becomes('it says so', (now) => now.cache === 'degraded');
    await rightAnswers(server, expected);
    while ((await upsert(server, 0, kPoints)).status === 200);  // until the room that its log had taken is used up
    await refusesToWrite(server);
    rmSync(`${mount}/filler`);
    await storesAgain(server);
    return 'stores again';
  }, '[cache.store]\nmin_free_bytes = 0\n') },
  { kind: 'the disk becomes read-only', check: ({ skip }) => onSample(() => {}, async (server, expected) => {
    // As a file system does that was mounted anew after an error: what is open for writing stays open.
    if (!canInject()) skip('strace cannot be used here');
    await rightAnswers(server, expected);
    const end = await inject(server, { call: 'write,pwrite64,fallocate,ftruncate,rename,unlink,mkdir,fdatasync,fsync',
                                       error: 'EROFS', when: '1+' });
    try {
      await upsert(server, 0, 1);
      await stores(server);
      await server.becomes('it says so', (now) => now.cache === 'degraded' && now.data !== 'ok');
      assert.ok(!(await stores(server)));
      assert.ok(await rightAnswers(server, expected) > 0, 'what is there answers');
      await refusesToWrite(server);
    } finally {
      await end();
    }
    await storesAgain(server);
    assert.deepEqual(await expected.readPoints(server), { wrong: 0, lost: 0 });
    return 'stores again';
  }) },
  { kind: 'the data directory is read-only at the start', check: async ({ skip }) => {
    const disk = mounted(skip);
    const { dataDir, expected } = await sample();
    execFileSync('cp', ['-a', dataDir, `${disk.mount}/data`]);
    disk.remount('ro');
    const server = new Server(`${disk.mount}/data`, { settings: kRoomy });
    try {
      await server.start();
      const now = await server.ready();
      assert.deepEqual([now.cache, now.data], ['degraded', 'read-only']);
      assert.ok(await rightAnswers(server, expected) > 0, 'what is there is read');
      assert.deepEqual(await expected.readPoints(server), { wrong: 0, lost: 0 });
      await refusesToWrite(server);
      disk.remount('rw');
      await storesAgain(server);
      return 'read, then written again';
    } finally {
      await server.kill();
    }
  } },
  { kind: 'the collections database is damaged and can be read', check: () => onSample(
    (dir) => { const log = filesIn(`${dir}/data`, '.log').at(-1); truncateSync(log, readFileSync(log).length - 300); },
    async (server, expected) => {
      assert.equal((await server.ready()).data, 'read-only');
      const { wrong, lost } = await expected.readPoints(server);
      assert.equal(wrong, 0);
      assert.ok(lost < kPoints);
      assert.match(await refusesToWrite(server), /damaged/);
      await rightAnswers(server, expected);
      assert.ok(await stores(server), 'the cache is as ever');
      return `${lost} points lost, and told`;
    }) },
  { kind: 'the collections database is damaged and cannot be read', check: () => onSample(
    (dir) => overwritten(`${dir}/data/CURRENT`),
    async (server, expected, dir) => {
      const now = await server.ready();
      assert.deepEqual([now.data, now.collections], ['unusable', 'unusable']);
      assert.match(await refusesToWrite(server), /cannot be used/);
      await rightAnswers(server, expected);
      assert.equal(readFileSync(`${dir}/data/CURRENT`, 'utf8'), 'garbage\n', 'nothing is touched');
      return 'left as it is';
    }) },
  { kind: 'the collections database lost its files', check: () => onSample(
    (dir) => filesIn(`${dir}/data`, '').filter((file) => !file.endsWith('ACKNOWLEDGED')).forEach((file) => rmSync(file)),
    async (server, expected) => {
      assert.equal((await server.ready()).data, 'unusable');
      await refusesToWrite(server);
      await rightAnswers(server, expected);
      return 'not begun anew';
    }) },
  { kind: 'the collections database vanishes', check: () => onSample(() => {}, async (server, expected, dir) => {
    renameSync(`${dir}/data`, `${dir}/data.elsewhere`);
    await server.becomes('it was noticed', (now) => now.data === 'unusable');
    await refusesToWrite(server);
    assert.ok(!existsSync(`${dir}/data`), 'it is not begun anew');
    renameSync(`${dir}/data.elsewhere`, `${dir}/data`);
    await storesAgain(server);
    assert.deepEqual(await expected.readPoints(server), { wrong: 0, lost: 0 });
    return 'came back with its files';
  }) },
  { kind: "the snapshot of a collection is damaged", check: () => onSample(
    (dir) => overwritten(`${dir}/index/collections/1/snapshot`), async (server, expected) => {
      await server.becomes('it is built anew', (now) => now.collections === 'ready');
      const found = await server.ask('POST', '/v1/search', { collection: 'docs', query: Array(32).fill(0.5), top_k: 10 });
      assert.equal(found.json.data.length, 10);
      assert.deepEqual(await expected.readPoints(server), { wrong: 0, lost: 0 });
      assert.ok(server.complaints().some(({ message }) => /snapshot of a collection/.test(message)));
      return 'built anew';
    }) },
  { kind: 'the search index is damaged or missing', check: () => onSample(
    (dir) => rmSync(`${dir}/index`, { recursive: true, force: true }), async (server, expected) => {
      await server.becomes('it is built anew', (now) => now.index === 'ready' && now.collections === 'ready');
      const found = await server.ask('POST', '/v1/search', { model: 'larder-hash-384', query: 'the text number 7', top_k: 5 });
      assert.equal(found.json.data.length, 5);
      await rightAnswers(server, expected);
      return 'built anew';
    }) },
  { kind: '`partition.key` is damaged', check: async () => {
    const { dataDir } = await sample();
    const copy = copyOf(dataDir);
    overwritten(`${copy}/partition.key`);
    const server = new Server(copy);
    await assert.rejects(server.start(), /restore it, or remove it/);
    return 'does not start';
  } },
];
