// Broken database files: the server serves within 10 seconds, no answer has a wrong byte, and whatever of the
// collections is lost is reported: in /readyz, in the log, or to who asks for it.
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync,
         symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { copyOf, kPoints, Report, template, upsert } from './support/world.mjs';
import { kServingLimitMs, Server } from './support/server.mjs';

const kNobody = 65534;
const asRoot = process.getuid() === 0;

const named = (dir, part) => readdirSync(dir).filter((name) => name.includes(part)).sort().map((name) => path.join(dir, name));
const each = (dir, part, change) => {
  const files = named(dir, part);
  if (files.length === 0) throw new Error(`nothing named ${part} in ${dir}`);
  files.forEach(change);
};
const largest = (dir, part) => named(dir, part).sort((a, b) => statSync(b).size - statSync(a).size)[0];
const cut = (file) => truncateSync(file, Math.floor(statSync(file).size / 2));
const flip = (file, every) => {
  const bytes = readFileSync(file);
  for (let at = Math.floor(every / 2); at < bytes.length; at += every) bytes[at] ^= 0x5a;
  writeFileSync(file, bytes);
};
const inPlaceOf = (file) => { rmSync(file, { recursive: true, force: true }); mkdirSync(file); };
const overwrite = (file, text) => writeFileSync(file, text);

// What is done to the directory of one database.
const kKinds = {
  'MANIFEST cut in half': (dir) => each(dir, 'MANIFEST', cut),
  'MANIFEST with flipped bytes': (dir) => each(dir, 'MANIFEST', (file) => flip(file, 150)),
  'MANIFEST missing': (dir) => each(dir, 'MANIFEST', (file) => rmSync(file)),
  'MANIFEST empty': (dir) => each(dir, 'MANIFEST', (file) => truncateSync(file, 0)),
  'CURRENT missing': (dir) => rmSync(path.join(dir, 'CURRENT')),
  'CURRENT empty': (dir) => truncateSync(path.join(dir, 'CURRENT'), 0),
  'CURRENT overwritten': (dir) => overwrite(path.join(dir, 'CURRENT'), 'garbage\n'),
  'CURRENT naming no file': (dir) => overwrite(path.join(dir, 'CURRENT'), 'MANIFEST-999999\n'),
  'CURRENT is a directory': (dir) => inPlaceOf(path.join(dir, 'CURRENT')),
  'table cut in half': (dir) => cut(largest(dir, '.sst')),
  'table with a flipped byte': (dir) => { const file = largest(dir, '.sst'); flip(file, statSync(file).size); },
  'tables with flipped bytes': (dir) => each(dir, '.sst', (file) => flip(file, 64)),
  'table missing': (dir) => rmSync(largest(dir, '.sst')),
  'table empty': (dir) => truncateSync(largest(dir, '.sst'), 0),
  'tables swapped': (dir) => {
    const [a, b] = named(dir, '.sst');
    renameSync(a, `${a}.tmp`); renameSync(b, a); renameSync(`${a}.tmp`, b);
  },
  'log cut': (dir) => { const file = largest(dir, '.log'); truncateSync(file, statSync(file).size - 300); },
  'log with a flipped byte': (dir) => { const file = largest(dir, '.log'); flip(file, statSync(file).size); },
  'log missing': (dir) => rmSync(largest(dir, '.log')),
  'log empty': (dir) => truncateSync(largest(dir, '.log'), 0),
  'OPTIONS overwritten': (dir) => each(dir, 'OPTIONS', (file) => overwrite(file, 'nothing = of\nthe kind')),
  'OPTIONS missing': (dir) => each(dir, 'OPTIONS', (file) => rmSync(file)),
  'IDENTITY overwritten': (dir) => overwrite(path.join(dir, 'IDENTITY'), 'somebody else'),
  'IDENTITY missing': (dir) => rmSync(path.join(dir, 'IDENTITY')),
  'LOCK missing': (dir) => rmSync(path.join(dir, 'LOCK')),
  'LOCK is a directory': (dir) => inPlaceOf(path.join(dir, 'LOCK')),
  'a file in place of the directory': (dir) => { renameSync(dir, `${dir}.elsewhere`); writeFileSync(dir, 'a file'); },
  'a link that leads to itself': (dir) => { renameSync(dir, `${dir}.elsewhere`); symlinkSync(dir, dir); },
  'ACKNOWLEDGED overwritten': (dir) => overwrite(path.join(dir, 'ACKNOWLEDGED'), 'garbage'),
  'directory that may not be entered': (dir) => chmodSync(dir, 0),
  'tables that may not be read': (dir) => each(dir, '.sst', (file) => chmodSync(file, 0)),
};
const kNeedsOwner = /may not/;

function giveAway(where) {
  chownSync(where, kNobody, kNobody);
  if (statSync(where).isDirectory()) readdirSync(where).forEach((name) => giveAway(path.join(where, name)));
}

async function check(kind, which, known, report) {
  const dataDir = copyOf(known.dataDir);
  const dir = path.join(dataDir, which);
  let prefix = [];
  if (kNeedsOwner.test(kind) && asRoot) {  // permissions are nothing to root
    prefix = ['setpriv', `--reuid=${kNobody}`, `--regid=${kNobody}`, '--clear-groups'];
    chmodSync(path.dirname(dataDir), 0o711);
    giveAway(dataDir);
  }
  kKinds[kind](dir);
  const server = new Server(dataDir, { prefix });
  chmodSync(path.dirname(server.config), 0o711);
  const problems = [];
  let detail = '';
  try {
    const begun = performance.now();
    await server.start();
    const answers = await known.expected.askAll(server);
    const took = performance.now() - begun;
    if (took > kServingLimitMs) problems.push(`served after ${Math.round(took)} ms`);
    if (answers.wrong > 0) problems.push(`${answers.wrong} wrong answers`);
    if (answers.failed > 0) problems.push(`${answers.failed} requests failed`);
    const points = await known.expected.readPoints(server);
    if (points.wrong > 0) problems.push(`${points.wrong} points have other values`);
    let ready = await server.ready();
    if (points.lost > 0) {
      ready = await server.becomes('it says so', (now) => (now.data !== 'ok' ? now : null), 3000).catch(() => ready);
    }
    const told = ready.data !== 'ok' || ready.collections === 'unusable' ||
                 server.complaints().some(({ message }) => /points of a collection are missing|collection could not be loaded/.test(message));
    if (points.lost > 0 && !told) problems.push(`${points.lost} of ${kPoints} points lost and nobody was told`);
    // A write is taken and kept, or refused with a reason.
    const written = await upsert(server, 0, 1);
    if (written.status !== 200 && (written.status !== 503 || !written.json?.error?.message)) {
      problems.push(`a write was answered ${written.status} ${written.text.slice(0, 200)}`);
    }
    if (which === 'cache' && (points.lost > 0 || written.status !== 200)) problems.push('the collections suffered');
    if (which === 'data' && existsSync(path.join(dataDir, 'data')) &&
        readdirSync(dataDir).some((name) => name.startsWith('data.damaged'))) problems.push('data was moved');
    detail = `${Math.round(took)} ms, cache ${ready.cache}, data ${ready.data}, hits ${answers.hits}, points lost ` +
             `${points.lost}${points.lost > 0 ? ' and reported' : ''}, writes ${written.status}`;
    if (prefix.length > 0) {  // permissions that come back are noticed
      chmodSync(dir, 0o700);
      readdirSync(dir).forEach((name) => chmodSync(path.join(dir, name), 0o600));
      if (which === 'cache' || kind.startsWith('directory')) {
        await server.becomes('it is whole again', (now) => now.cache === 'ok' && now.data === 'ok');
        detail += ', came back by itself';
      }
    }
    await server.stop();
  } catch (error) {
    problems.push(error.message);
    await server.kill();
  }
  report.row(`${which}: ${kind}`, problems.join('; '), detail);
}

const report = new Report('broken database files');
const known = await template();
let kinds = Object.keys(kKinds);
if (!asRoot) kinds = kinds.filter((kind) => !kNeedsOwner.test(kind));
if (process.argv.includes('--short')) kinds = kinds.filter((_, i) => i % 4 === 0);
for (const which of ['cache', 'data']) {
  for (const kind of kinds) {
    if (which === 'cache' && kind.startsWith('ACKNOWLEDGED')) continue;
    await check(kind, which, known, report);
  }
}
report.end();
