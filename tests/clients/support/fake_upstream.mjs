// A stand-in for OpenAI: answers like it, remembers every request, misbehaves on demand.
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { answerChat } from './fake_chat.mjs';
import { answerEmbeddings } from './fake_embeddings.mjs';
import { errorAnswer } from './fake_errors.mjs';
import { answerMessages, messagesError } from './fake_messages.mjs';
import { answerFile, answerFileUpload, answerModels, answerModeration, answerSpeech } from './fake_others.mjs';
import { answerResponses, answerStoredResponse } from './fake_responses.mjs';
import { within } from './waiting.mjs';

const kPatienceMs = 20_000;

// Listens on a free port of 127.0.0.1. Ended by stop().
export async function startFakeUpstream() {
  const upstream = new FakeUpstream();
  await upstream.listen();
  return upstream;
}

class FakeUpstream {
  // Everything that came in since reset(), oldest first:
  // { number, method, path (with query, as sent), headers, bytes, json (undefined when the body is none), sent }.
  requests = [];
  #count = 0;
  #arrivals = new EventEmitter().setMaxListeners(0);
  #misbehaviour = null;
  #server = http.createServer((request, response) => this.#serve(request, response));

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await within(kPatienceMs, 'the fake upstream closes', closed);
  }

  // Until behave(), every request is answered by `handler(request, response)`, whatever its path. It lasts more than
  // one request because Larder may retry, and a retry must not turn an error into a success.
  misbehave(handler) { this.#misbehaviour = handler; }
  behave() { this.#misbehaviour = null; }

  reset() {
    this.requests = [];
    this.behave();
  }

  callsTo(path) { return this.requests.filter((request) => request.path === path); }

  // Every input that went up for embedding, in order of arrival, over all calls.
  get embeddedInputs() {
    return this.callsTo('/v1/embeddings').flatMap(({ json: { input } }) => {
      const isOneInput = typeof input === 'string' || typeof input[0] === 'number';
      return isOneInput ? [input] : input;
    });
  }

  // Waits until `seen()` holds; it is asked after each arrival.
  async until(what, seen) {
    await within(kPatienceMs, `the fake upstream sees ${what}`, (async () => {
      while (!seen()) await once(this.#arrivals, 'request');
    })());
  }

  async #serve(incoming, response) {
    const chunks = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk);
    } catch {
      return;  // the sender left in the middle: not a request
    }
    const bytes = Buffer.concat(chunks);
    const request = { number: ++this.#count, method: incoming.method, path: incoming.url, headers: incoming.headers,
                      bytes, json: parsed(bytes), sent: [] };
    this.requests.push(request);
    this.#arrivals.emit('request');
    response.on('error', () => {});  // whoever leaves early is the test's business
    response.setHeader('x-request-id', `req_fake_${request.number}`);
    response.setHeader('x-ratelimit-limit-requests', '5000');
    response.setHeader('x-ratelimit-remaining-requests', String(5000 - request.number));
    response.setHeader('openai-processing-ms', '7');
    try {
      await (this.#misbehaviour ?? answer)(request, response);
    } catch (error) {
      response.destroy(error);
      throw error;  // a defect of the fake: let the test run end on it
    }
  }
}

function parsed(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

const kRoutes = [
  ['POST', /^\/v1\/embeddings$/, answerEmbeddings],
  ['POST', /^\/v1\/chat\/completions$/, answerChat],
  ['POST', /^\/v1\/responses$/, answerResponses],
  ['GET', /^\/v1\/responses\/[^/]+$/, answerStoredResponse],
  ['DELETE', /^\/v1\/responses\/[^/]+$/, answerStoredResponse],
  ['POST', /^\/v1\/messages$/, answerMessages],
  ['POST', /^\/v1\/moderations$/, answerModeration],
  ['GET', /^\/v1\/models(\/[^/?]+)?(\?.*)?$/, answerModels],
  ['HEAD', /^\/v1\/models(\/[^/?]+)?$/, answerModels],
  ['POST', /^\/v1\/files$/, answerFileUpload],
  ['GET', /^\/v1\/files\b/, answerFile],
  ['POST', /^\/v1\/audio\/speech$/, answerSpeech],
];

function answer(request, response) {
  const isMessages = request.path === '/v1/messages';
  const credential = isMessages ? request.headers['x-api-key'] : request.headers.authorization?.replace(/^Bearer /, '');
  if (!/^sk-(?!wrong)/.test(credential ?? '')) {
    const refusal = isMessages
      ? messagesError(401, 'authentication_error', 'invalid x-api-key')
      : errorAnswer(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
    return refusal(request, response);
  }
  const route = kRoutes.find(([method, path]) => method === request.method && path.test(request.path));
  const fallback = errorAnswer(404, `Unknown request URL: ${request.method} ${request.path}.`, { code: 'unknown_url' });
  return (route?.[2] ?? fallback)(request, response);
}
