// An OpenID provider of the tests' own: discovery, keys, a page that asks whether to go on, and RS256 tokens for codes,
// with PKCE checked. Source: OpenID Connect Core 1.0, Discovery 1.0; RFC 7636.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

const base64url = (value) => Buffer.from(value).toString('base64url');

export async function startProvider() {
  const provider = new Provider();
  await provider.listen();
  return provider;
}

class Provider {
  clientId = 'larder-dashboard';
  clientSecret = 'hush:hush+&%20';
  redirectUrl = '';  // the one that is registered
  person = { sub: 'user-1', email: 'jam@example.org', email_verified: true };
  origin;  // by another name than the server under test, so that the two are different sites
  refused = [];
  #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  #codes = new Map();
  #server = http.createServer((request, response) => {
    this.#answer(request, response).catch((error) => {
      this.refused.push(error.message);
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'invalid_grant' }));
    });
  });

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://localhost:${this.#server.address().port}`;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const json = (value) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json({
          issuer: this.origin, authorization_endpoint: `${this.origin}/authorize`, token_endpoint: `${this.origin}/token`,
          jwks_uri: `${this.origin}/keys`, code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['client_secret_basic'],
        });
      case '/keys':
        return json({ keys: [{ ...this.#keys.publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: 'RS256' }] });
      case '/authorize': return this.#ask(url.searchParams, response);
      case '/token': return json(await this.#exchange(request));
      default:
        response.writeHead(404);
        response.end();
    }
  }

  #ask(asked, response) {
    const { response_type: type, client_id: client, redirect_uri: redirect, scope, state, nonce, code_challenge: challenge,
            code_challenge_method: method } = Object.fromEntries(asked);
    const right = type === 'code' && client === this.clientId && redirect === this.redirectUrl && method === 'S256' &&
      scope.split(' ').includes('openid') && state.length > 20 && nonce.length > 20;
    if (!right) throw new Error(`a request for authorization that is none: ${asked}`);
    const code = randomBytes(16).toString('hex');
    this.#codes.set(code, { challenge, nonce, redirect });
    const back = `${redirect}?code=${code}&state=${encodeURIComponent(state)}`;
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">
      <a id="go-on" href="${back.replaceAll('&', '&amp;')}">Go on as ${this.person.email}</a></html>`);
  }

  async #exchange(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const grant = this.#codes.get(form.code);
    this.#codes.delete(form.code);
    const basic = `${encodeURIComponent(this.clientId)}:${encodeURIComponent(this.clientSecret)}`;
    if (request.headers.authorization !== `Basic ${Buffer.from(basic).toString('base64')}`) throw new Error('another client');
    if (!grant || form.grant_type !== 'authorization_code' || form.redirect_uri !== grant.redirect) throw new Error('no grant');
    if (createHash('sha256').update(form.code_verifier).digest('base64url') !== grant.challenge) throw new Error('no proof');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.origin, aud: this.clientId, iat: now, exp: now + 300, nonce: grant.nonce, ...this.person };
    const input = `${base64url(JSON.stringify({ alg: 'RS256', kid: 'key-1' }))}.${base64url(JSON.stringify(claims))}`;
    const signature = createSign('RSA-SHA256').update(input).sign(this.#keys.privateKey).toString('base64url');
    return { access_token: 'unused', token_type: 'Bearer', id_token: `${input}.${signature}` };
  }
}
