// A client that writes into two collections of its own, one that stays and one that comes and goes, and knows what must
// be in them: everything that was acknowledged, and of the one write that was not yet, all or nothing.
import { kDimensions, vectorOf } from './answers.mjs';
import { expect } from './ask.mjs';

const kModel = 'pass-embed';
const kKinds = 5;  // of points, by their metadata
const kSearchedAll = 1000;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const kScores = {
  cosine: (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  dot,
  euclidean: (a, b) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)),
};

export class CollectionWriter {
  writes = 0;
  searches = 0;
  #name;
  #credential;
  #metric;
  #ids;
  #random;
  #version = 0;
  // What was acknowledged: id -> { v, text }, or null where there is no such collection.
  #held = { main: null, temp: null };
  #pending = null;  // what the write without an answer would make of it

  // points: how many ids the collection that stays has; as many points are written when it is made.
  constructor({ name, metric, random, points = 40 }) {
    this.#name = name;
    this.#credential = `Bearer sk-${name}`;
    this.#metric = metric;
    this.#random = random;
    this.#ids = { main: Array.from({ length: points }, (_, i) => `p${i}`),
                  temp: Array.from({ length: 12 }, (_, i) => `t${i}`) };
  }

  // Nothing is kept any more: the data directory was removed.
  forget() {
    this.#held = { main: null, temp: null };
    this.#pending = null;
  }

  #path(which) { return `/v1/collections/${this.#name}-${which}`; }
  #headers() { return { authorization: this.#credential }; }
  #valuesOf({ v, text }) {
    return text === null ? vectorOf('', 'point', `${this.#name} ${v}`) : vectorOf(this.#credential, kModel, text);
  }

  async step(connection) {
    const random = this.#random;
    if (this.#held.main === null) return this.#make(connection, 'main');
    const which = random.chance(0.7) ? 'main' : 'temp';
    if (this.#held[which] === null) return this.#make(connection, which);
    if (which === 'temp' && random.chance(0.2)) return this.#drop(connection);
    const roll = random.next();
    if (roll < 0.05) return this.#upsert(connection, which, this.#ids[which].slice(0, 600));
    if (roll < 0.6) return this.#upsert(connection, which, random.sample(this.#someIds(which), random.int(1, 8)));
    if (roll < 0.7) {
      return this.#delete(connection, which, { ids: random.sample(this.#someIds(which), random.int(1, 4)) });
    }
    if (roll < 0.75 && this.#held[which].size < 100) {
      return this.#delete(connection, which, { filter: { kind: random.int(0, kKinds - 1) } });
    }
    return this.#search(connection, which);
  }

  #someIds(which) {
    const ids = this.#ids[which];
    const first = this.#random.int(0, Math.max(0, ids.length - 40));
    return ids.slice(first, first + 40);
  }

  // apply(held): what the write does to what is held.
  async #write(connection, method, path, body, apply, status = 200) {
    this.#pending = apply;
    const answer = await connection.json(method, path, { headers: this.#headers(), body }, status);
    apply(this.#held);
    this.#pending = null;
    ++this.writes;
    return answer;
  }

  async #make(connection, which) {
    await this.#write(connection, 'PUT', this.#path(which),
                      { dimensions: kDimensions, metric: this.#metric, model: kModel },
                      (held) => { held[which] = new Map(); }, 201);
    if (which === 'main') await this.#upsert(connection, which, this.#ids.main);
  }

  #drop(connection) {
    return this.#write(connection, 'DELETE', this.#path('temp'), undefined, (held) => { held.temp = null; });
  }

  async #upsert(connection, which, ids) {
    const written = ids.map((id, i) => {
      const v = ++this.#version;
      // Of texts alone a few: each is embedded by upstream.
      return [id, { v, text: i < 4 && this.#random.chance(0.3) ? `${this.#name} says ${v}` : null }];
    });
    const points = written.map(([id, point]) => ({
      id, metadata: { kind: point.v % kKinds, v: point.v },
      ...(point.text === null ? { values: this.#valuesOf(point) } : { text: point.text }),
    }));
    const answer = await this.#write(connection, 'POST', `${this.#path(which)}/upsert`, { points }, (held) => {
      for (const [id, point] of written) held[which].set(id, point);
    });
    expect(answer.upserted === points.length, 'every point is counted', answer);
  }

  async #delete(connection, which, { ids, filter }) {
    const goes = ([id, { v }]) => (ids ? ids.includes(id) : v % kKinds === filter.kind);
    const expected = [...this.#held[which]].filter(goes).length;
    const answer = await this.#write(connection, 'POST', `${this.#path(which)}/delete`, ids ? { ids } : { filter },
                                     (held) => {
      for (const entry of [...held[which]].filter(goes)) held[which].delete(entry[0]);
    });
    expect(answer.deleted === expected, 'a delete tells how many went', [answer, expected]);
  }

  // Of an index that holds exactly what was acknowledged.
  async #search(connection, which, { all = false } = {}) {
    const held = this.#held[which];
    const known = held.size > 0 && !all;
    const query = known ? this.#valuesOf(this.#random.pick([...held.values()])) : vectorOf('', 'query', '');
    const kind = all || this.#random.chance(0.5) ? null : this.#random.int(0, kKinds - 1);
    const top_k = all ? kSearchedAll : 5;
    const answer = await connection.json('POST', '/v1/search', { headers: this.#headers(), body: {
      collection: `${this.#name}-${which}`, query, top_k, exact: all, ...(kind === null ? {} : { filter: { kind } }),
    } });
    ++this.searches;
    const score = kScores[this.#metric];
    const scores = [...held].filter(([, { v }]) => kind === null || v % kKinds === kind)
      .map(([id, point]) => [id, score(this.#valuesOf(point), query)]);
    expect(answer.data.length === Math.min(top_k, scores.length), 'a search finds as many as there are',
           [which, answer.data.length, scores.length]);
    const byId = new Map(scores);
    for (const found of answer.data) {
      const expected = byId.get(found.id);
      expect(expected !== undefined && Math.abs(expected - found.score) < 1e-3 * (1 + Math.abs(expected)),
             'a search finds points of the collection by their score', [found, expected]);
      expect(same(found.metadata, this.#metadataOf(held.get(found.id))), 'a match has its metadata', found);
    }
    const best = scores.map(([, value]) => value).sort((a, b) => (this.#metric === 'euclidean' ? a - b : b - a));
    answer.data.forEach(({ score: found }, i) => {
      const lost = Math.abs(best[i] - found) > 1e-3 * (1 + Math.abs(best[i]));
      expect(!(all && lost), 'an exact search finds the nearest', [i, best[i], found]);
    });
  }

  #metadataOf({ v }) { return { kind: v % kKinds, v }; }

  // What the server has, in the shape of #held.
  async #stored(connection) {
    const stored = { main: null, temp: null };
    for (const which of ['main', 'temp']) {
      const shown = await connection.request('GET', this.#path(which), { headers: this.#headers() });
      expect([200, 404].includes(shown.status), 'a collection is there or not', shown.text);
      if (shown.status === 404) continue;
      stored[which] = new Map();
      const { points } = JSON.parse(shown.text);
      for (let i = 0; i < this.#ids[which].length; i += 1000) {
        const body = { ids: this.#ids[which].slice(i, i + 1000), return_vectors: true };
        const { data } = await connection.json('POST', `${this.#path(which)}/get`, { headers: this.#headers(), body });
        for (const { id, text, metadata, values } of data) {
          const point = { v: metadata.v, text: text || null };
          expect(same(values.map(Math.fround), this.#valuesOf(point)), 'a point has the vector it was stored with', id);
          expect(same(metadata, this.#metadataOf(point)), 'a point has its metadata', metadata);
          stored[which].set(id, point);
        }
      }
      expect(points === stored[which].size, 'a collection counts its points', [points, stored[which].size]);
    }
    return stored;
  }

  // After a restart: all that was acknowledged, and the last write whole or not at all.
  async check(connection) {
    const stored = await this.#stored(connection);
    const text = (held) => JSON.stringify([held.main, held.temp].map((map) => map && [...map].sort()));
    if (this.#pending !== null && text(stored) !== text(this.#held)) {
      this.#pending(this.#held);
    }
    this.#pending = null;
    expect(text(stored) === text(this.#held), `acknowledged writes of ${this.#name} are as they were`,
           this.#difference(stored));
    for (const which of ['main', 'temp']) {
      if (this.#held[which] !== null) await this.#search(connection, which, { all: true });
    }
  }

  #difference(stored) {
    const lines = ['main', 'temp'].flatMap((which) => {
      const [has, should] = [stored[which], this.#held[which]];
      if (has === null && should === null) return [];
      if (has === null || should === null) return [`${which}: has ${has?.size}, should ${should?.size}`];
      const ids = new Set([...has.keys(), ...should.keys()]);
      return [...ids].filter((id) => !same(has.get(id), should.get(id)))
        .map((id) => `${which} ${id}: has ${JSON.stringify(has.get(id))}, should ${JSON.stringify(should.get(id))}`);
    });
    return `${lines.length} differ; ${lines.slice(0, 5).join('; ')}`;
  }
}
