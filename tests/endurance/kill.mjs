// Kills a loaded Larder with SIGKILL, again and again, and looks after each restart whether anything is lost or wrong.
import { setTimeout as wait } from 'node:timers/promises';
import { optionsOf, report } from './support/front.mjs';
import { Random } from './support/random.mjs';
import { World } from './support/world.mjs';

// docs/operations.md: entries of the last few milliseconds may be lost; a second is generous.
const kCacheBehindMs = 1000;

const options = optionsOf({ cycles: 20, seed: 1, seconds: 0, 'ready-ms': 2000 });
const random = new Random(options.seed);
const world = await World.begin(random);
const begun = performance.now();
let cycles = 0;
let failure = null;
try {
  while (options.seconds > 0 ? performance.now() - begun < options.seconds * 1000 : cycles < options.cycles) {
    const afterMs = random.int(1, random.chance(0.3) ? 100 : 1500);
    await world.loadUntilKilled(afterMs);
    const killed = performance.now();
    if (random.chance(0.15)) await dieWhileStarting(random.int(1, 150));
    await world.start({ readyMs: options['ready-ms'] });
    await world.check({ cachedUntil: killed - kCacheBehindMs });
    ++cycles;
    if (cycles % 10 === 0) console.error(`${cycles} kills`);
  }
} catch (error) {
  failure = error;
}
report({ machine: 'kill', seed: options.seed, cycles, starts: world.starts, begun, failure, ...world.counts });
await world.end().catch((error) => console.error(error.message));

// Killed again before or just after it is ready.
async function dieWhileStarting(afterMs) {
  const started = world.larder.start().catch(() => {});
  await wait(afterMs);
  await world.larder.kill();
  await started;
}
