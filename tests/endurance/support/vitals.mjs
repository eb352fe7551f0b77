// What a process takes of the machine, second by second, and whether that stays as it is.
import { readdir, readFile } from 'node:fs/promises';

const medianOf = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

// Least squares: how much `numbers` rise from one to the next.
function slopeOf(numbers) {
  const middle = (numbers.length - 1) / 2;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const moved = numbers.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0);
  return moved / numbers.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
}

export class Vitals {
  #pid;
  #rss = [];  // MiB
  #descriptors = [];
  #timer;

  constructor(pid) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample().catch(() => {}), 1000);
  }

  end() { clearInterval(this.#timer); }

  async #sample() {
    const status = await readFile(`/proc/${this.#pid}/status`, 'utf8');
    const descriptors = (await readdir(`/proc/${this.#pid}/fd`)).length;
    this.#rss.push(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024);
    this.#descriptors.push(descriptors);
  }

  // Of the whole run: begins once warmed up, after two fifths of it.
  get figures() {
    const part = (list, from, to) => list.slice(Math.floor(list.length * from), Math.ceil(list.length * to));
    // Wide enough for write buffers that fill up and are given back within half a minute.
    const warm = medianOf(part(this.#rss, 0.4, 0.6));
    const last = medianOf(part(this.#rss, 0.8, 1));
    const round = (value) => Math.round(value * 100) / 100;
    return {
      samples: this.#rss.length,
      rss_mib_warm: round(warm), rss_mib_last: round(last), rss_mib_max: round(Math.max(...this.#rss)),
      rss_growth_percent: round(100 * (last - warm) / warm),
      rss_slope_kib_per_minute: round(slopeOf(part(this.#rss, 0.5, 1)) * 60 * 1024),
      descriptors_warm_max: Math.max(...part(this.#descriptors, 0.2, 0.5)),
      descriptors_last_max: Math.max(...part(this.#descriptors, 0.5, 1)),
    };
  }
}
