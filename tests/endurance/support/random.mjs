// Numbers that look random and are the same for the same seed (mulberry32).
export class Random {
  #state;

  constructor(seed) { this.#state = seed >>> 0; }

  // In [0, 1).
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  }

  // A whole number from `low` to `high`, both included.
  int(low, high) { return low + Math.floor(this.next() * (high - low + 1)); }
  chance(probability) { return this.next() < probability; }
  pick(list) { return list[this.int(0, list.length - 1)]; }

  // At most `count` different ones.
  sample(list, count) {
    const left = [...list];
    const taken = [];
    while (taken.length < count && left.length > 0) taken.push(left.splice(this.int(0, left.length - 1), 1)[0]);
    return taken;
  }

  // Another stream of numbers, for somebody whose turns come in no fixed order.
  fork() { return new Random(Math.floor(this.next() * 2 ** 32)); }
}
