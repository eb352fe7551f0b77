// Cuts the power of a loaded Larder, again and again: only what was synced is certain to be there, anything else may
// be. After each cut it looks whether anything that was acknowledged is lost, or anything is wrong.
import { Wrong } from './support/ask.mjs';
import { optionsOf, report } from './support/front.mjs';
import { PowerCut } from './support/power_cut.mjs';
import { Random } from './support/random.mjs';
import { World } from './support/world.mjs';

// ignore-syncs: a test of this test. As if Larder never synced anything; it then passes when something was lost.
const options = optionsOf({ cycles: 20, seed: 1, seconds: 0, 'ready-ms': 2000, 'ignore-syncs': 0 });
const ignoreSyncs = options['ignore-syncs'] > 0;
const random = new Random(options.seed);
const world = await World.begin(random);
const power = await PowerCut.begin(world.larder.dataDir, { ignoreSyncs });
const begun = performance.now();
const cuts = { strict: 0, ext4: 0, first_starts: 0, while_starting: 0 };
let cycles = 0;
let failure = null;
try {
  await world.larder.stop();
  while (options.seconds > 0 ? performance.now() - begun < options.seconds * 1000 : cycles < options.cycles) {
    if (cycles === 0 || random.chance(0.2)) await beginAnew();
    await cutUnderLoad();
    if (random.chance(0.25)) await cutWhileStarting();
    await world.start({ readyMs: options['ready-ms'] });
    await world.check({ cachedUntil: -Infinity });
    await world.larder.stop();
    ++cycles;
    if (cycles % 10 === 0) console.error(`${cycles} cuts`);
  }
} catch (error) {
  failure = error;
}
if (ignoreSyncs && failure instanceof Wrong) {
  console.error(`as it must: ${failure.message}`.slice(0, 300));
  failure = null;
} else if (ignoreSyncs) {
  failure ??= new Error('nothing was lost although nothing was synced');
}
report({ machine: 'power', seed: options.seed, cycles, ...cuts, records: power.records,
         megabytes: Math.round(power.bytes / 2 ** 20), starts: world.starts, begun, failure, ...world.counts });
await world.end().catch((error) => console.error(error.message));
await power.end();

async function beginAnew() {
  await power.clear();
  world.forget();
  ++cuts.first_starts;
}

// Before some change that it makes, most often; else at some moment.
async function cutUnderLoad() {
  const changes = random.chance(0.7) ? Math.round(20 * 1000 ** random.next()) : 0;
  const afterMs = random.int(50, 1500);
  const runEnv = await power.record(changes);
  if (await started(runEnv)) {
    await world.loadUntilKilled(changes > 0 ? 5000 : afterMs);
  }
  await apply();
}

// What a start does (recovery, above all) is cut as well.
async function cutWhileStarting() {
  const runEnv = await power.record(Math.round(2 * 200 ** random.next()));
  if (await started(runEnv)) await world.larder.kill();
  await apply();
  ++cuts.while_starting;
}

// -> false when it was cut before it was ready.
async function started(runEnv) {
  try {
    await world.start({ runEnv });
    await world.ready();
    return true;
  } catch (error) {
    const { signal } = await world.larder.ended;
    if (signal === 'SIGKILL') return false;
    throw error;
  }
}

async function apply() {
  const model = random.pick(['strict', 'ext4']);
  ++cuts[model];
  await power.apply(model, random.int(0, 2 ** 31));
}
