// A run of which only what was synced is certain to be there afterwards: tests/endurance/power_cut.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const kLongestSyncUs = 3000;

const exists = (name) => stat(name).then(() => true, () => false);

export class PowerCut {
  records = 0;
  bytes = 0;
  #tools = process.env.LARDER_ENDURANCE_TOOLS;
  #home;      // of the data directory
  #scratch;
  #ignoreSyncs;

  static async begin(dataDir, { ignoreSyncs }) {
    const cut = new PowerCut();
    cut.#home = path.dirname(dataDir);
    cut.#scratch = await mkdtemp(path.join(tmpdir(), 'larder-power-'));
    cut.#ignoreSyncs = ignoreSyncs;
    return cut;
  }

  get #data() { return path.join(this.#home, 'data'); }
  #in(name) { return path.join(this.#scratch, name); }

  // Takes the data directory, which nobody is using, for durable. -> the environment of a run that is written down from
  // there on. changes: the run kills itself before so many-th; 0: it does not.
  async record(changes) {
    await rm(this.#in('base'), { recursive: true, force: true });
    await cp(this.#home, this.#in('base'), { recursive: true });
    return { LD_PRELOAD: path.join(this.#tools, 'libpower_cut.so'), POWER_CUT_ROOT: this.#home,
             POWER_CUT_JOURNAL: this.#in('journal'), POWER_CUT_AT: String(changes),
             POWER_CUT_SYNC_US: String(kLongestSyncUs) };
  }

  // The run has ended: makes the data directory what is left. model: 'strict' or 'ext4'.
  async apply(model, seed) {
    await rm(this.#in('left'), { recursive: true, force: true });
    const flags = [this.#in('base'), this.#in('journal'), this.#in('left'), model, String(seed),
                   ...(this.#ignoreSyncs ? ['ignore-syncs'] : [])];
    const { stdout } = await promisify(execFile)(path.join(this.#tools, 'power_cut'), flags);
    const { records, bytes } = JSON.parse(stdout);
    this.records += records;
    this.bytes += bytes;
    await rm(this.#data, { recursive: true, force: true });
    if (await exists(this.#in('left/data'))) await rename(this.#in('left/data'), this.#data);
  }

  // The data directory is removed: the next run is a first one.
  clear() { return rm(this.#data, { recursive: true, force: true }); }

  end() { return rm(this.#scratch, { recursive: true, force: true }); }
}
