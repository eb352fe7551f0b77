// Clients of the cache: whatever they are answered, from the cache or not, is what upstream says to that request.
import { base64Of, chatBody, chatEvents, contentOf, vectorOf } from './answers.mjs';
import { expect } from './ask.mjs';

const kModel = 'pass-embed';
const kCredentials = ['Bearer sk-ann', 'Bearer sk-bob', 'Bearer sk-cyd'];
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const cacheOnly = { 'cache-control': 'only-if-cached' };

// Asks for vectors and compares every number. -> the status, 200 or 504 when only the cache was asked.
async function embed(connection, { credential, texts, format, headers = {} }) {
  const answer = await connection.request('POST', '/v1/embeddings', {
    headers: { authorization: credential, ...headers },
    body: { model: kModel, input: texts.length === 1 ? texts[0] : texts, encoding_format: format } });
  if (answer.status === 504 && headers['cache-control'] !== undefined) return 504;
  expect(answer.status === 200, 'an embeddings request is answered', `${answer.status} ${answer.text}`);
  const { data } = JSON.parse(answer.text);
  expect(data.length === texts.length, 'every input has its vector', data.length);
  data.forEach(({ index, embedding }, i) => {
    const vector = vectorOf(credential, kModel, texts[i]);
    const right = format === 'base64' ? embedding === base64Of(vector) : same(embedding.map(Math.fround), vector);
    expect(index === i && right, 'an input has its own vector', [credential, texts[i], index, embedding]);
  });
  return 200;
}

// One text may be asked for in both forms; then its words are compared, else every byte.
async function chat(connection, { credential, text, stream, bothForms, headers = {} }) {
  const body = { model: 'pass-chat', messages: [{ role: 'user', content: text }], ...(stream ? { stream } : {}) };
  const answer = await connection.request('POST', '/v1/chat/completions', {
    headers: { authorization: credential, ...headers }, body });
  if (answer.status === 504 && headers['cache-control'] !== undefined) return 504;
  expect(answer.status === 200, 'a chat is answered', `${answer.status} ${answer.text}`);
  const right = stream ? chatEvents(credential, body).join('') : chatBody(credential, body);
  if (!bothForms) {
    expect(answer.text === right, 'a chat is answered byte for byte', [answer.text, right]);
    return 200;
  }
  let said;
  if (stream) {
    const lines = answer.text.split('\n').filter((line) => line.startsWith('data: '));
    expect(lines.pop() === 'data: [DONE]', 'a stream has its end', answer.text);
    said = lines.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? '').join('');
  } else {
    said = JSON.parse(answer.text).choices[0].message.content;
  }
  expect(said === contentOf(credential, body), 'a chat has its words', answer.text);
  return 200;
}

// Asks for new and for known things, and remembers when which was stored. `ask(connection, thing, headers)` -> status.
class CacheClient {
  asked = 0;
  #random;
  #known = [];     // { thing, at }, oldest first
  #settled = [];   // what was found in the cache after the last restart

  constructor(random) { this.#random = random; }

  forget() {
    this.#known = [];
    this.#settled = [];
  }
  get random() { return this.#random; }

  async step(connection) {
    const known = this.#known.length > 0 && this.#random.chance(0.5);
    const thing = known ? this.#random.pick(this.#known.slice(-300)).thing : this.fresh();
    await this.ask(connection, thing);
    ++this.asked;
    if (!known) this.#known.push({ thing, at: performance.now() });
  }

  // After a restart: what was stored before `until` is in the cache still. Beyond it, any may be missing, none wrong.
  async check(connection, until) {
    const must = [...this.#settled, ...this.#known.filter(({ at }) => at < until)].slice(-1000);
    for (const entry of this.#random.sample(must, 12)) {
      expect(await this.ask(connection, entry.thing, cacheOnly) === 200, 'what was stored is in the cache', entry);
    }
    const settled = [];
    for (const entry of this.#random.sample(this.#known, 12)) {
      if (await this.ask(connection, entry.thing, cacheOnly) === 200) settled.push(entry);
    }
    this.#settled = [...this.#settled.slice(-200), ...settled];
    this.#known = [];
  }
}

export class Embedder extends CacheClient {
  #count = 0;

  fresh() {
    const oneText = () => (this.random.chance(0.3) ? `common ${this.random.int(0, 200)}`
                                                   : `text ${++this.#count} of ${this.random.int(0, 1e6)}`);
    const texts = Array.from({ length: this.random.int(1, 6) }, oneText);
    if (this.random.chance(0.3)) texts.push(texts[0]);
    return { credential: this.random.pick(kCredentials), texts };
  }

  ask(connection, { credential, texts }, headers) {
    return embed(connection, { credential, texts, format: this.random.pick(['float', 'base64']), headers });
  }
}

export class Chatter extends CacheClient {
  #count = 0;

  fresh() {
    const text = `Question ${++this.#count} of ${this.random.int(0, 1e6)}`;
    return { credential: this.random.pick(kCredentials), text, form: this.random.pick(['whole', 'stream', 'both']) };
  }

  ask(connection, { credential, text, form }, headers) {
    const stream = form === 'both' ? this.random.chance(0.5) : form === 'stream';
    return chat(connection, { credential, text, stream, bothForms: form === 'both', headers });
  }
}

// Stores things in a namespace, purges it, and knows what must not be there again.
export class Purger {
  purges = 0;
  #admin;
  #random;
  #count = 0;
  #gone = [];

  constructor({ admin, random }) {
    this.#admin = admin;
    this.#random = random;
  }

  forget() { this.#gone = []; }

  #things(namespace) {
    const headers = { 'x-larder-namespace': namespace };
    const credential = kCredentials[0];
    return { texts: { credential, texts: [`${namespace} a`, `${namespace} b`], format: 'base64', headers },
             talk: { credential, text: `${namespace}?`, stream: false, headers } };
  }

  async step(connection) {
    const namespace = `gone-${++this.#count}-${this.#random.int(0, 1e6)}`;
    const { texts, talk } = this.#things(namespace);
    await embed(connection, texts);
    await chat(connection, talk);
    const { matched, deleted } = await connection.json('POST', '/admin/v1/purge', {
      headers: this.#admin, body: { namespace } });
    expect(matched === 3 && deleted === 3, 'a purge finds what was stored', [matched, deleted]);
    this.#gone.push(namespace);
    ++this.purges;
  }

  async check(connection) {
    for (const namespace of [...this.#gone.slice(-6), ...this.#random.sample(this.#gone.slice(0, -6), 4)]) {
      const { texts, talk } = this.#things(namespace);
      for (const text of texts.texts) {
        const one = { ...texts, texts: [text], headers: { ...texts.headers, ...cacheOnly } };
        expect(await embed(connection, one) === 504, 'a purged embedding stays purged', text);
      }
      expect(await chat(connection, { ...talk, headers: { ...talk.headers, ...cacheOnly } }) === 504,
             'a purged answer stays purged', namespace);
      const { data } = await connection.json('POST', '/v1/search', {
        headers: { authorization: texts.credential, ...texts.headers },
        body: { model: kModel, query: vectorOf('', '', ''), top_k: 5 } });
      expect(data.length === 0, 'a purged text is not found', data);
    }
  }
}

// Searches what was embedded.
export class Searcher {
  searches = 0;
  #random;

  constructor(random) { this.#random = random; }

  forget() {}

  async step(connection) {
    const credential = this.#random.pick(kCredentials);
    const query = `common ${this.#random.int(0, 200)}`;
    const answer = await connection.request('POST', '/v1/search', {
      headers: { authorization: credential }, body: { model: kModel, query, top_k: 5 } });
    expect(answer.status === 200, 'a search is answered', `${answer.status} ${answer.text}`);
    ++this.searches;
    const asked = vectorOf(credential, kModel, query);
    const cosine = (a, b) => {
      const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    let last = Infinity;
    for (const { text, score } of JSON.parse(answer.text).data) {
      expect(Math.abs(score - cosine(asked, vectorOf(credential, kModel, text))) < 1e-3 && score <= last + 1e-6,
             'a text is found by its own score', [query, text, score]);
      last = score;
    }
  }

  async check(connection) { await this.step(connection); }
}
