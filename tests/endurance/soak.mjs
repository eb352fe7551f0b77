// Mixed traffic for minutes: whether every answer is right, and memory and descriptors stay as they are.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { expect } from './support/ask.mjs';
import { optionsOf, report } from './support/front.mjs';
import { Operator } from './support/operator.mjs';
import { Random } from './support/random.mjs';
import { Vitals } from './support/vitals.mjs';
import { kAdmin, World } from './support/world.mjs';

// Shorter runs are not warmed up, and nothing is said of how their memory goes on.
const kShortestWarm = 480;
const kMostGrowthPercent = 5;
const kMostSlopeKib = 1024;  // a minute
const kMostMoreDescriptors = 32;
// The collections' database holds up to 64 MiB in memory before it writes a table: what is written in ten minutes is to
// be little of that.
const kPauseMs = 300;

// requests: at least so many.
const options = optionsOf({ seconds: 60, seed: 1, clients: 16, requests: 0 });
const random = new Random(options.seed);
const scratch = await mkdtemp(path.join(tmpdir(), 'larder-soak-'));
const log = path.join(scratch, 'larder.log');

// What may grow is small, so that it is full before memory is looked at.
const kSettings = `
[cache]
diagnosis_memory_bytes = 4194304

[cache.embeddings]
memory_bytes = 8388608

[cache.responses]
memory_bytes = 8388608

[cache.store]
block_cache_bytes = 16777216
write_buffer_bytes = 16777216
max_bytes = 201326592

[search]
memory_bytes = 8388608
snapshot_interval_s = 30

[collections]
snapshot_interval_s = 5

[maintenance]
eviction_interval_s = 10

[log]
file = "${log}"
`;

const traffic = spawn(path.join(process.env.LARDER_ENDURANCE_TOOLS, 'soak_traffic'),
                      ['--seconds', options.seconds, '--clients', options.clients, '--seed', options.seed].map(String),
                      { stdio: ['pipe', 'pipe', 'inherit'] });
process.on('exit', () => traffic.kill('SIGKILL'));
const lines = createInterface({ input: traffic.stdout })[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await lines.next()).value);

const { upstream } = await nextLine();
const world = await World.begin(random, { settings: kSettings, many: 100,
                                          upstream: `http://127.0.0.1:${upstream}/v1` });
const operator = new Operator({ world, admin: kAdmin, random: random.fork(), log });
const begun = performance.now();
const vitals = new Vitals(world.larder.pid);
let told = {};
let failure = null;
try {
  const ending = new AbortController();
  const others = Promise.all([world.loadSlowly(kPauseMs, () => ending.signal.aborted), operator.run(ending.signal)]);
  others.catch(() => traffic.kill());
  traffic.stdin.end(`${new URL(world.larder.origin).port}\n`);
  const exited = once(traffic, 'exit');
  do {
    const line = await lines.next();
    if (line.done) break;
    told = JSON.parse(line.value);
    if (told.wrong > 0) traffic.kill();
  } while (!told.last);
  ending.abort();
  await others;
  const [code] = await exited;
  vitals.end();
  await operator.rotate();
  await world.check({ cachedUntil: -Infinity });
  expect(code === 0 && told.wrong === 0, 'no answer is wrong', told);
  expect(told.requests >= options.requests, `there were ${options.requests} requests`, told);
  if (options.seconds >= kShortestWarm) checkFlat(vitals.figures);
} catch (error) {
  failure = error;
}
vitals.end();
report({ machine: 'soak', seed: options.seed, ...told, ...vitals.figures, ...world.counts, operator: operator.counts,
         warnings: Object.fromEntries(operator.warnings), begun, failure });
await world.end().catch((error) => console.error(error.message.slice(0, 1000)));
await rm(scratch, { recursive: true, force: true });

function checkFlat(figures) {
  expect(figures.rss_growth_percent <= kMostGrowthPercent, 'memory is flat once warmed up', figures);
  expect(figures.rss_slope_kib_per_minute <= kMostSlopeKib, 'memory does not creep up', figures);
  expect(figures.descriptors_last_max <= figures.descriptors_warm_max + kMostMoreDescriptors,
         'descriptors are flat once warmed up', figures);
}
