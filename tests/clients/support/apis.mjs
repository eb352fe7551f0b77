// The cached endpoints, for tests that hold for all of them: how a request is spelled, and how two answers are told
// apart.
import { send } from './client.mjs';

const user = (text) => [{ role: 'user', content: text }];
const bearer = (apiKey) => ({ authorization: `Bearer ${apiKey}` });
const xApiKey = (apiKey) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' });

// name; path; bodyOf(text): a request whose text is `text`, undefined for GET; credentialOf(key): header fields;
// idOf(body): the id that upstream gave the answer, null when its answers have none; keyed: whether cf-aig-cache-key
// stands in for the body.
const post = (name, path, bodyOf, idPattern, credentialOf = bearer) => ({
  name, method: 'POST', path: () => path, bodyOf, credentialOf, keyed: idPattern !== null,
  idOf: (body) => (idPattern === null ? null : idPattern.exec(body)?.[1]),
});

export const kApis = [
  post('chat', '/v1/chat/completions',
       (text) => ({ model: 'gpt-test', messages: user(text) }), /"id": "(chatcmpl-\d+)"/),
  post('chat, streamed', '/v1/chat/completions',
       (text) => ({ model: 'gpt-test', messages: user(text), stream: true }), /"id":"(chatcmpl-\d+)"/),
  post('responses', '/v1/responses', (text) => ({ model: 'gpt-test', input: text }), /"id": "(resp_\d+)"/),
  post('responses, streamed', '/v1/responses',
       (text) => ({ model: 'gpt-test', input: text, stream: true }), /"id":"(resp_\d+)"/),
  post('messages', '/v1/messages',
       (text) => ({ model: 'claude-test', max_tokens: 9, messages: user(text) }), /"id": "(msg_\d+)"/, xApiKey),
  post('messages, streamed', '/v1/messages',
       (text) => ({ model: 'claude-test', max_tokens: 9, messages: user(text), stream: true }), /"id":"(msg_\d+)"/,
       xApiKey),
  post('moderations', '/v1/moderations', (text) => ({ input: text }), /"id": "(modr-\d+)"/),
  post('embeddings', '/v1/embeddings', (text) => ({ model: 'text-embedding-test', input: text }), null),
  { name: 'models', method: 'GET', path: (text) => `/v1/models?q=${encodeURIComponent(text)}`, bodyOf: () => undefined,
    credentialOf: bearer, keyed: false, idOf: () => null },
];

export const kStreams = kApis.filter(({ name }) => name.endsWith('streamed'));

// Sends a request of `api` below the SDKs. -> the answer of fetch.
export function sendTo(api, server, text, { apiKey = 'sk-alice', headers = {}, signal } = {}) {
  return send(`${server.origin}${api.path(text)}`, {
    method: api.method, apiKey: null, body: api.bodyOf(text), signal,
    headers: { ...api.credentialOf(apiKey), ...headers },
  });
}
