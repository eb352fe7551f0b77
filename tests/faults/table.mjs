// One row for each kind of fault: what a client sees, what is stored, how it recovers. The same rows stand in
// docs/operations.md, "When something breaks"; a kind that is missing on either side is a failure.
import { readFileSync } from 'node:fs';
import { kDiskRows } from './rows_disk.mjs';
import { kServerRows } from './rows_server.mjs';
import { kUpstreamRows } from './rows_upstream.mjs';
import { Report } from './support/world.mjs';

class Skipped extends Error {}

const rows = [...kUpstreamRows, ...kDiskRows, ...kServerRows];
const report = new Report('one row for each kind of fault');

const guide = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [section] = guide.slice(guide.indexOf('## When something breaks') + 3).split(/\n#{2,3} /);
const documented = section.split('\n').filter((line) => line.startsWith('| ')).slice(1).map((line) => line.split('|')[1].trim());
const kinds = rows.map(({ kind }) => kind);
const differs = [...documented.filter((kind) => !kinds.includes(kind)), ...kinds.filter((kind) => !documented.includes(kind))];
report.row('the table of docs/operations.md has these kinds', differs.join('; '));

const only = process.argv.find((word) => word.startsWith('--kind='))?.slice(7);
let run = 0;
for (const { kind, check } of rows) {
  if (only !== undefined && !kind.includes(only)) continue;
  try {
    const detail = await check({ skip: (why) => { throw new Skipped(why); } });
    run += 1;
    report.row(kind, '', detail);
  } catch (error) {
    if (error instanceof Skipped) console.log(`skip ${kind}: ${error.message}`);
    else report.row(kind, error.stack.slice(0, 2500));
  }
}
console.log(`${run} kinds of ${rows.length} were tried`);
report.end();
