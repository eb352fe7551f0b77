// A stand-in for a provider's token endpoint: gives out tokens, remembers what was asked, refuses on demand.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { within } from './waiting.mjs';

// Listens on a free port of 127.0.0.1. Ended by stop(). prefix: of its tokens. tls: { key, cert } of "localhost", for
// https.
export async function startFakeTokenEndpoint(prefix, tls) {
  const endpoint = new FakeTokenEndpoint(prefix, tls);
  await endpoint.listen();
  return endpoint;
}

class FakeTokenEndpoint {
  asked = [];     // { headers, form } of each request for a token
  revoked = [];   // tokens
  current = null;  // the token given out last; null once it was revoked
  hold = null;    // a promise that answers wait for
  refusal = null;  // { status, body } in place of a token
  #prefix;
  #base;
  #count = 0;
  #server;

  constructor(prefix, tls) {
    this.#prefix = prefix;
    const serve = (request, response) => this.#serve(request, response);
    this.#server = tls ? https.createServer(tls, serve) : http.createServer(serve);
    this.#base = tls ? 'https://localhost' : 'http://127.0.0.1';
  }

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `${this.#base}:${this.#server.address().port}`;
    this.url = `${this.origin}/oauth2/v2.0/token`;
    this.revocationUrl = `${this.origin}/revoke`;
  }
  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await within(20_000, 'the token endpoint closes', closed);
  }
  reset() {
    this.asked = [];
    this.revoked = [];
    this.hold = this.refusal = null;
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const json = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (request.url === '/revoke') {
      this.revoked.push(form.get('token'));
      this.current = null;
      return json(200, {});
    }
    this.asked.push({ headers: request.headers, form });
    await this.hold;
    if (this.refusal) return json(this.refusal.status, this.refusal.body);
    this.current = `${this.#prefix}-${++this.#count}`;
    return json(200, { token_type: 'Bearer', access_token: this.current, expires_in: 3599, ext_expires_in: 3599 });
  }
}
