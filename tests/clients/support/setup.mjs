// What most test files need: one Larder before one counting fake upstream, for the whole file.
import { after, before, beforeEach } from 'node:test';
import { startFakeUpstream } from './fake_upstream.mjs';
import { startLarder } from './larder.mjs';

export const limits = { timeout: 90_000 };

// Registers the hooks; what it returns is filled before the first test: { upstream, larder }. The counts of upstream
// calls start at zero in each test. options: startLarder's, but for the upstream. begin(world), end(world): what a file
// starts and ends beside them (hooks of a file do not wait for each other).
export function setUp({ begin, end, ...options } = {}) {
  const world = {};
  before(async () => {
    world.upstream = await startFakeUpstream();
    world.larder = await startLarder({ upstream: world.upstream.url, ...options });
    await begin?.(world);
  }, limits);
  beforeEach(() => world.upstream.reset());
  after(async () => {
    await end?.(world);
    await world.upstream?.stop();
    await world.larder?.dispose();
  }, limits);
  return world;
}
