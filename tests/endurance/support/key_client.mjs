// A client that makes keys of Larder's own, uses them and revokes them, and knows which must be taken.
import { base64Of, vectorOf } from './answers.mjs';
import { expect } from './ask.mjs';

// What the upstream of these models is sent in place of the client's key.
export const kHeldKey = 'sk-held-by-larder';
const kMostLive = 12;
const kMostLooked = 8;

export class KeyClient {
  made = 0;
  revoked = 0;
  #admin;
  #random;
  #live = new Map();    // id -> secret
  #gone = new Map();
  #pending = null;      // { name } of one that is being made, { id } of one that is being revoked
  #count = 0;

  // admin: header fields that the admin API asks for.
  constructor({ admin, random }) {
    this.#admin = admin;
    this.#random = random;
  }

  forget() {
    this.#live.clear();
    this.#gone.clear();
    this.#pending = null;
  }

  async step(connection) {
    if (this.#live.size < 3 || (this.#live.size < kMostLive && this.#random.chance(0.3))) return this.#make(connection);
    if (this.#random.chance(0.25)) return this.#revoke(connection, this.#random.pick([...this.#live.keys()]));
    return this.#use(connection, this.#random.pick([...this.#live.values()]));
  }

  async #make(connection) {
    const name = `key-${++this.#count}`;
    this.#pending = { name };
    const { id, secret } = await connection.json('POST', '/admin/v1/keys', {
      headers: this.#admin, body: { name, tenant: `tenant-${this.#count % 3}` } }, 201);
    this.#live.set(id, secret);
    this.#pending = null;
    ++this.made;
  }

  async #revoke(connection, id) {
    this.#pending = { id };
    await connection.json('DELETE', `/admin/v1/keys/${id}`, { headers: this.#admin });
    this.#pending = null;
    this.#gone.set(id, this.#live.get(id));
    this.#live.delete(id);
    ++this.revoked;
    await this.#isRefused(connection, this.#gone.get(id));
  }

  #ask(connection, secret, text) {
    return connection.request('POST', '/v1/embeddings', {
      headers: { authorization: `Bearer ${secret}` },
      body: { model: 'held-embed', input: text, encoding_format: 'base64' } });
  }

  async #use(connection, secret) {
    const text = `held ${this.#random.int(0, 30)}`;
    const answer = await this.#ask(connection, secret, text);
    expect(answer.status === 200, 'a key that was given out is taken', answer.text);
    expect(JSON.parse(answer.text).data[0].embedding === base64Of(vectorOf(`Bearer ${kHeldKey}`, 'held-embed', text)),
           'a key is answered what the upstream says to the key that Larder holds', answer.text);
  }

  async #isRefused(connection, secret) {
    const answer = await this.#ask(connection, secret, 'held 0');
    expect(answer.status === 401, 'a revoked key is refused', `${answer.status} ${answer.text}`);
  }

  // After a restart: all that were acknowledged are listed and taken, all that were revoked are not.
  async check(connection) {
    const { data } = await connection.json('GET', '/admin/v1/keys', { headers: this.#admin });
    const listed = new Map(data.map(({ id, name }) => [id, name]));
    const { name: making, id: revoking } = this.#pending ?? {};
    this.#pending = null;
    if (revoking !== undefined && !listed.has(revoking)) {
      this.#gone.set(revoking, this.#live.get(revoking));
      this.#live.delete(revoking);
    }
    for (const id of this.#live.keys()) expect(listed.has(id), 'an acknowledged key is listed', id);
    for (const id of this.#gone.keys()) expect(!listed.has(id), 'a revoked key is not listed', id);
    for (const [id, name] of listed) {
      if (this.#live.has(id)) continue;
      expect(name === making, 'only keys that were made are listed', name);
      // Its secret was never told.
      await connection.json('DELETE', `/admin/v1/keys/${id}`, { headers: this.#admin });
    }
    for (const secret of this.#random.sample([...this.#live.values()], kMostLooked)) {
      await this.#use(connection, secret);
    }
    for (const secret of this.#random.sample([...this.#gone.values()], kMostLooked)) {
      await this.#isRefused(connection, secret);
    }
  }
}
