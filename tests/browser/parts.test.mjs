// The page's rules without a browser: its sources, bundled by the esbuild that the build uses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const kSources = fileURLToPath(new URL('../../proxy/dashboard', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'larder-page-'));
after(() => rm(folder, { recursive: true, force: true }));

async function load(name) {
  const output = path.join(folder, `${name.replace('/', '_')}.mjs`);
  execFileSync('esbuild', [path.join(kSources, `${name}.ts`), '--bundle', '--format=esm', '--log-level=warning',
                           '--external:preact', `--outfile=${output}`]);
  return import(pathToFileURL(output));
}

const { csvOf } = await load('data/csv');
const { readEvents } = await load('data/sse');
const format = await load('data/format');
const { compare } = await load('data/search');
const { conditionsOf, foundWords, kEmptyPurge } = await load('data/purge');
const { causesOf } = await load('data/advice');

test('CSV cells are quoted by RFC 4180, and formulas are disarmed', () => {
  const cases = [
    ['plain', 'plain'], ['a,b', '"a,b"'], ['say "x"', '"say ""x"""'], ['two\nlines', '"two\nlines"'], [' edge', '" edge"'],
    ['=1+1', '"\'=1+1"'], ['+1', '"\'+1"'], ['-1', '"\'-1"'], ['@SUM(A1)', '"\'@SUM(A1)"'], ['\tx', '"\'\tx"'],
    [-1, '-1'], [0.5, '0.5'], [true, 'true'], [null, ''], ['', ''],
  ];
  for (const [cell, text] of cases) assert.equal(csvOf([[cell]]), `${text}\r\n`, JSON.stringify(cell));
  assert.equal(csvOf([['a', 1], ['b', 2]]), 'a,1\r\nb,2\r\n');
});

test('server-sent events come out the same wherever the bytes are cut', async () => {
  const text = ': hello\r\n\r\nid: 7\nevent: request\ndata: {"a":"ü"}\n\ndata: one\ndata:two\n\nevent: dropped\ndata\n\nid: 9\n\n' +
    'data: unfinished';
  const expected = [{ event: 'request', data: '{"a":"ü"}', id: '7' }, { event: 'message', data: 'one\ntwo', id: '7' },
                    { event: 'dropped', data: '', id: '7' }];
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; ++size) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    const events = [];
    await readEvents(new ReadableStream({
      pull(controller) { chunks.length > 0 ? controller.enqueue(chunks.shift()) : controller.close(); },
    }), (event) => events.push(event));
    assert.deepEqual(events, expected, `pieces of ${size}`);
  }
});

test('numbers read as people write them', () => {
  const cases = [
    [format.count(1234), '1,234'], [format.count(1_234_567), '1.23M'], [format.count(null), '–'],
    [format.counted(1, 'entry', 'entries'), '1 entry'], [format.counted(0, 'request'), '0 requests'],
    [format.percent(1), '100%'], [format.percent(0.9999), '>99.9%'], [format.percent(0.0001), '<0.1%'],
    [format.percent(0), '0%'], [format.percent(5 / 9), '56%'], [format.percent(null), '–'],
    [format.bytes(999), '999 B'], [format.bytes(5_400_000), '5.4 MB'],
    [format.millis(0.21), '210 µs'], [format.millis(840.4), '840 ms'], [format.millis(2600), '2.60 s'],
    [format.duration(81.2), '1 min 21 s'], [format.duration(0.01), '10 ms'], [format.duration(0), '0 s'],
    [format.duration(7200), '2 h'], [format.duration(90_000), '25 h'], [format.duration(-30), '-30 s'],
    [format.money(1.5, 'USD'), '$1.50'], [format.money(0.000123, 'USD'), '$0.00012'], [format.money(0, 'EUR'), '€0.00'],
    [format.money(2, 'not a currency'), '2.00 not a currency'],
  ];
  for (const [is, wanted] of cases) assert.equal(is, wanted);
});

test('two searches are compared by what they found', () => {
  const list = (...ids) => ids.map((id) => ({ id, score: 1 - id / 10 }));
  assert.equal(compare(list(1, 2), list(1, 2)).recall, 1);
  assert.equal(compare(list(1, 4), list(1, 2)).recall, 0.5);
  assert.equal(compare([], []).recall, null);
  assert.deepEqual(compare(list(1, 4), list(1, 2)).rows.map(({ id, foundBy }) => [id, foundBy]),
                   [[1, 'both'], [2, 'exact'], [4, 'search']]);
  // Distances rise.
  const far = [{ id: 'a', score: 0.1 }, { id: 'b', score: 0.4 }];
  assert.deepEqual(compare([far[1]], far).rows.map(({ id }) => id), ['a', 'b']);
});

test('a purge says in words what it takes, and takes nothing without a condition', () => {
  assert.equal(conditionsOf(kEmptyPurge), null);
  assert.deepEqual(conditionsOf({ ...kEmptyPurge, all: true }), { all: true });
  // Everything is meant only when nothing narrows it.
  assert.deepEqual(conditionsOf({ ...kEmptyPurge, all: true, model: 'm' }), { model: 'm' });
  assert.deepEqual(conditionsOf({ ...kEmptyPurge, older: '1.5', olderUnit: '3600' }), { older_than_s: 5400 });
  assert.equal(foundWords(1, { prefix: 'x', layer: 'embeddings' }),
               '1 entry would go: embeddings that begin with “x”. They cannot be brought back; what is asked again is billed again.');
  assert.match(foundWords(9, { all: true }), /^9 entries would go: all embeddings and responses\./);
  assert.equal(foundWords(0, { all: true }), 'Nothing would go: there are no embeddings and responses.');
});

test('reasons without a request are left out, and shares are of all misses', () => {
  const causes = causesOf({ miss_reasons: { cold: 1, expired: 0, changed: 3 }, changed_fields: { seed: 3 } });
  assert.deepEqual(causes.map(({ reason, share }) => [reason, share]), [['changed', 0.75], ['cold', 0.25]]);
  assert.match(causes[0].advice[0], /^Requests differ only in seed/);
  assert.deepEqual(causesOf({}), []);
});

test('the sources make no markup or code from text, and keep nothing beyond the tab', async () => {
  const names = (await readdir(kSources, { recursive: true })).filter((name) => /\.tsx?$/.test(name));
  assert.ok(names.length > 30);
  for (const name of names) {
    const source = await readFile(path.join(kSources, name), 'utf8');
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|eval\(|new Function|localStorage|document\.cookie|setAttribute\('style'|style="/, name);
    assert.ok(source.split('\n').length <= 400, `${name} is too long`);
  }
});

test('the locks name what they want by its content, not by an address', async () => {
  for (const file of [path.join(kSources, 'package-lock.json'), new URL('package-lock.json', import.meta.url)]) {
    const lock = JSON.parse(await readFile(file, 'utf8'));
    for (const [name, { resolved, integrity }] of Object.entries(lock.packages)) {
      assert.equal(resolved, undefined, name);
      if (name !== '') assert.match(integrity, /^sha512-/, name);
    }
  }
});
