// Providers that want access tokens, Azure's and Google's way: two stand-ins that refuse whoever comes without the
// token that is good now, and Larder between them and a client that has none.
import './support/client.mjs';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import WebSocket, { WebSocketServer } from 'ws';
import { AzureOpenAI, clientOf, kPatienceMs, observe, send } from './support/client.mjs';
import { answerChat, kReply } from './support/fake_chat.mjs';
import { errorAnswer } from './support/fake_errors.mjs';
import { startFakeTokenEndpoint } from './support/fake_token_endpoint.mjs';
import { startFakeUpstream } from './support/fake_upstream.mjs';
import { startLarder } from './support/larder.mjs';
import { limits } from './support/setup.mjs';
import { closedGate, eventually } from './support/waiting.mjs';

const kBinary = process.env.LARDER_BINARY || fileURLToPath(new URL('../../build/release/larder', import.meta.url));
const kReplyText = kReply.join('');
const kSecret = 'client-secret-that-nobody-sees';
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

let entra;
let google;
let azure;
let vertex;
let larder;
let folder;

// Answers chat to whoever has the token that is good now.
const demanding = (endpoint) => (request, response) => {
  const isGood = endpoint.current !== null && request.headers.authorization === `Bearer ${endpoint.current}`;
  return (isGood ? answerChat : errorAnswer(401, 'Access token is missing, invalid or expired.'))(request, response);
};

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-credentials-'));
  [entra, google] = [await startFakeTokenEndpoint('azure-token'), await startFakeTokenEndpoint('google-token')];
  [azure, vertex] = [await startFakeUpstream(), await startFakeUpstream()];
  const account = path.join(folder, 'account.json');
  await writeFile(account, JSON.stringify({
    type: 'service_account', project_id: 'p', private_key_id: 'key-7', private_key: privateKey,
    client_email: 'larder@p.iam.gserviceaccount.com', token_uri: google.url,
  }));
  larder = await startLarder({
    upstream: azure.url, env: { AZURE_CLIENT_SECRET: kSecret },
    config: `[upstream]
oauth_token_url = "${entra.url}"
oauth_client_id = "app id"
oauth_client_secret_env = "AZURE_CLIENT_SECRET"
oauth_scope = "https://cognitiveservices.azure.com/.default"
oauth_revocation_url = "${entra.revocationUrl}"
[[upstreams]]
name = "vertex"
url = "${vertex.url}"
models = ["google/*"]
oauth_service_account_file = "${account}"
`,
  });
}, limits);
beforeEach(() => {
  [entra, google, azure, vertex].forEach((fake) => fake.reset());
  azure.misbehave(demanding(entra));
  vertex.misbehave(demanding(google));
});
after(async () => {
  for (const part of [entra, google, azure, vertex]) await part?.stop();
  await larder?.dispose();
  await rm(folder, { recursive: true, force: true });
}, limits);

const chat = (model, text) =>
  observe(clientOf(larder, 'sk-mine').chat.completions.create({ model, messages: [{ role: 'user', content: text }] }));
const verb = async (...args) =>
  (await promisify(execFile)(kBinary, ['upstreams', '--server', larder.origin, ...args])).stdout;
const states = async () => {
  const { data } = await (await send(`${larder.origin}/admin/v1/upstreams`, { method: 'GET', apiKey: null })).json();
  return Object.fromEntries(data.map((upstream) => [upstream.name, upstream]));
};
const forget = (name) =>
  send(`${larder.origin}/admin/v1/upstreams/${name}/token`, { method: 'DELETE', apiKey: null });

test('Azure\'s client reaches its deployment with a token in the place of its key', limits, async (t) => {
  await forget('default');
  entra.reset();
  const client = new AzureOpenAI({ endpoint: larder.origin, apiKey: 'azure-key-of-mine', apiVersion: '2024-10-21',
                                   deployment: 'gpt-test', maxRetries: 0, timeout: kPatienceMs });
  const { choices } = await client.chat.completions.create({
    model: 'gpt-test', messages: [{ role: 'user', content: t.name }] });
  assert.equal(choices[0].message.content, kReplyText);
  assert.equal(azure.requests.length, 1);
  assert.equal(azure.requests[0].path, '/openai/deployments/gpt-test/chat/completions?api-version=2024-10-21');
  assert.equal(azure.requests[0].headers.authorization, `Bearer ${entra.current}`);
  assert.ok(!JSON.stringify(azure.requests[0].headers).includes('azure-key-of-mine'));
  const [{ headers, form }] = entra.asked;
  assert.equal(headers.authorization, `Basic ${Buffer.from(`app+id:${kSecret}`).toString('base64')}`);
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: 'client_credentials', scope: 'https://cognitiveservices.azure.com/.default' });
});

test('a service account\'s assertion is signed with its key and says what Google wants', limits, async (t) => {
  await forget('vertex');
  assert.equal((await chat('google/gemini', t.name)).data.choices[0].message.content, kReplyText);
  assert.equal(vertex.requests[0].headers.authorization, `Bearer ${google.current}`);
  const [{ form }] = google.asked;
  assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [header, claims, signature] = form.get('assertion').split('.');
  assert.ok(verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), createPublicKey(publicKey),
                   Buffer.from(signature, 'base64url')));
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url')), { alg: 'RS256', typ: 'JWT', kid: 'key-7' });
  const { iat, exp, ...said } = JSON.parse(Buffer.from(claims, 'base64url'));
  assert.deepEqual(said, { iss: 'larder@p.iam.gserviceaccount.com', aud: google.url,
                           scope: 'https://www.googleapis.com/auth/cloud-platform' });
  assert.ok(Math.abs(iat - Date.now() / 1000) < 60 && exp === iat + 3600);
});

test('fifty requests at once wait for one token', limits, async (t) => {
  await forget('default');
  entra.reset();
  const gate = closedGate();
  entra.hold = gate.passed;
  const answers = Array.from({ length: 50 }, (_, i) => chat('gpt-test', `${t.name} ${i}`));
  await eventually(kPatienceMs, 'a token is asked for', () => entra.asked.length > 0);
  gate.open();
  for (const answer of answers) assert.equal((await answer).data.choices[0].message.content, kReplyText);
  assert.equal(entra.asked.length, 1);
});

test('a token that the provider refuses is replaced, and the client sees the answer', limits, async (t) => {
  await forget('default');
  await chat('gpt-test', `${t.name} 1`);
  const old = entra.current;
  entra.reset();
  azure.requests = [];
  entra.current = 'another';  // as after a change at the provider's
  const { data } = await chat('gpt-test', `${t.name} 2`);
  assert.equal(data.choices[0].message.content, kReplyText);
  const sent = azure.requests.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, [`Bearer ${old}`, `Bearer ${entra.current}`]);
  assert.equal(entra.asked.length, 1);
});

test('a token endpoint that refuses is told in a 502 and left alone for a while', limits, async (t) => {
  await forget('vertex');
  google.reset();
  google.refusal = { status: 400, body: { error: 'invalid_grant', error_description: 'of a secret nature' } };
  for (let i = 0; i < 5; ++i) {
    await assert.rejects(chat('google/gemini', `${t.name} ${i}`), (error) => {
      assert.equal(error.status, 502);
      assert.match(error.message, /upstream vertex cannot be asked: its token endpoint refused with invalid_grant/);
      assert.ok(!error.message.includes('secret nature'));
      return true;
    });
  }
  assert.ok(google.asked.length <= 2, `${google.asked.length} times asked`);
  assert.equal(vertex.requests.length, 0);
  const { token } = (await states()).vertex;
  assert.equal(token.held, false);
  assert.match(token.last_error, /invalid_grant/);
  assert.match(await verb(), /^vertex: the token endpoint refused with invalid_grant/m);
  google.reset();
  await forget('vertex');  // ends the pause
  assert.equal((await chat('google/gemini', t.name)).data.choices[0].message.content, kReplyText);
});

test('a websocket is opened with the token', limits, async () => {
  const endpoint = await startFakeTokenEndpoint('socket-token');
  const handshakes = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = http.createServer().on('upgrade', (request, socket, head) => {
    handshakes.push(request);
    sockets.handleUpgrade(request, socket, head, (ws) => ws.on('message', (data) => ws.send(`echo ${data}`)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = await startLarder({
    upstream: `http://127.0.0.1:${server.address().port}/v1`, env: { AZURE_CLIENT_SECRET: kSecret },
    config: `[upstream]
oauth_token_url = "${endpoint.url}"
oauth_client_id = "app"
oauth_client_secret_env = "AZURE_CLIENT_SECRET"
oauth_auth = "post"
`,
  });
  try {
    const socket = new WebSocket(`${own.url.replace('http', 'ws')}/realtime?model=gpt-realtime&api_key=mine`,
                                 ['realtime', 'openai-insecure-api-key.sk-mine']);
    await once(socket, 'open');
    socket.send('hello');
    const [data] = await once(socket, 'message');
    assert.equal(String(data), 'echo hello');
    socket.close();
    assert.equal(handshakes[0].headers.authorization, `Bearer ${endpoint.current}`);
    assert.equal(handshakes[0].url, '/v1/realtime?model=gpt-realtime');
    assert.equal(handshakes[0].headers['sec-websocket-protocol'], 'realtime');
    assert.equal(endpoint.asked[0].form.get('client_secret'), kSecret);
    assert.equal(endpoint.asked[0].headers.authorization, undefined);
  } finally {
    await own.dispose();
    await endpoint.stop();
    sockets.close();
    server.close();
    server.closeAllConnections();
  }
});

test('over https the token endpoint is believed when its certificate is', limits, async (t) => {
  const file = (name) => path.join(folder, name);
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key.pem'), '-out', file('cert.pem')]);
  const tls = { key: await readFile(file('key.pem')), cert: await readFile(file('cert.pem')) };
  const endpoint = await startFakeTokenEndpoint('tls-token', tls);
  t.after(() => endpoint.stop());
  azure.misbehave(demanding(endpoint));
  const settings = `[upstream]
oauth_token_url = "${endpoint.url}"
oauth_client_id = "app"
oauth_client_secret_env = "AZURE_CLIENT_SECRET"
`;
  const start = async (config) => {
    const own = await startLarder({ upstream: azure.url, env: { AZURE_CLIENT_SECRET: kSecret }, config });
    t.after(() => own.dispose());
    return clientOf(own).chat.completions.create({ model: 'm', messages: [{ role: 'user', content: t.name }] });
  };
  await assert.rejects(start(settings), (error) => {
    assert.equal(error.status, 502);
    assert.match(error.message, /its token endpoint could not be asked: .*certificate/);
    return true;
  });
  assert.equal(endpoint.asked.length, 0, 'the secret is shown to nobody who is not believed');
  const { choices } = await start(`${settings}oauth_ca_file = "${file('cert.pem')}"\n`);
  assert.equal(choices[0].message.content, kReplyText);
});

test('the command line lists upstreams and revokes a token at its provider', limits, async (t) => {
  await chat('gpt-test', `${t.name} 1`);
  const { default: state } = await states();
  assert.equal(state.credential, 'oauth');
  assert.equal(state.url, azure.url);
  assert.ok(state.token.held && state.token.expires_at > Date.now() / 1000 && state.token.last_refresh > 0);
  assert.match(await verb(), /^default +oauth +closed +good for \d+/m);
  const token = entra.current;
  assert.match(await verb('revoke', 'default'), /^forgot the token of default, and its provider revoked it$/m);
  assert.deepEqual(entra.revoked, [token]);
  assert.equal((await states()).default.token.held, false);
  assert.match(await verb('revoke', 'default'), /^default had no token$/m);
  await assert.rejects(verb('revoke', 'nobody'), /there is no upstream of this name/);
  await chat('gpt-test', `${t.name} 2`);
  assert.notEqual(entra.current, token);
});

test('tokens survive a restart, and neither they nor what gets them can be read anywhere', limits, async (t) => {
  await chat('gpt-test', `${t.name} 1`);
  await chat('google/gemini', `${t.name} 1`);
  const told = [larder.stderr];
  for (const place of ['/metrics', '/admin/v1/config', '/admin/v1/upstreams', '/admin/v1/stats']) {
    told.push(await (await send(`${larder.origin}${place}`, { method: 'GET', apiKey: null })).text());
  }
  await larder.stop();
  entra.reset();
  google.reset();
  await larder.start();
  await chat('gpt-test', `${t.name} 2`);
  await chat('google/gemini', `${t.name} 2`);
  assert.equal(entra.asked.length + google.asked.length, 0);
  told.push(larder.stderr);
  for (const entry of await readdir(larder.dataDir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) told.push(await readFile(path.join(entry.parentPath ?? entry.path, entry.name), 'latin1'));
  }
  const secrets = [kSecret, entra.current, google.current, privateKey.split('\n')[5], 'PRIVATE KEY'];
  for (const secret of secrets) assert.ok(!told.some((text) => text.includes(secret)), secret.slice(0, 12));
});
