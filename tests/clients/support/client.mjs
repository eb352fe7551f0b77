// The official client pointed at Larder, and what Larder tells in headers.
import * as buffer from 'node:buffer';

// Node 18 has File, but not as a global; the client asks for the global before it uploads.
globalThis.File ??= buffer.File;

const { default: OpenAI } = await import('openai');
export * from 'openai';

export const kPatienceMs = 20_000;

// One attempt per call: a retry inside the client would hide what Larder did and spoil every count.
export function clientOf(server, apiKey = 'sk-alice', headers = {}) {
  return new OpenAI({ apiKey, baseURL: server.url, maxRetries: 0, timeout: kPatienceMs, defaultHeaders: headers,
                      organization: null, project: null });
}

// The answer's text, tool calls and so on without what is null: null and absent say the same to every client.
export function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNulls(member)]));
}

// The events of a stream, of whichever SDK, in an array.
export async function eventsIn(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

// Awaits an SDK call. -> its data, the answer's headers, and its Cache-Status taken apart.
export async function observe(call) {
  const { data, response } = await call.withResponse();
  return { data, headers: response.headers, cache: cacheStatusOf(response.headers) };
}

// RFC 9211: `larder; hit; ttl=9; detail="a=1,b=2"` -> { name: 'larder', hit: true, ttl: 9, detail: 'a=1,b=2' }.
// Only Larder's own member is read: the last one, for it is the nearest to the client.
export function cacheStatusOf(headers) {
  const text = headers.get('cache-status');
  if (text === null) return null;
  const member = text.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g).at(-1);
  const [name, ...parameters] = member.match(/(?:"(?:\\.|[^"\\])*"|[^;"])+/g).map((part) => part.trim());
  const pairs = parameters.map((parameter) => {
    const [, key, value] = /^([^=]+)(?:=(.*))?$/s.exec(parameter);
    if (value === undefined) return [key, true];
    if (value.startsWith('"')) return [key, value.slice(1, -1).replace(/\\(.)/g, '$1')];
    return [key, /^-?\d+$/.test(value) ? Number(value) : value];
  });
  return { name, ...Object.fromEntries(pairs) };
}

// A request below the SDK, for what the SDK would not send or would hide. body: string, bytes, or a value for JSON.
export function send(url, { method = 'POST', apiKey = 'sk-alice', headers = {}, body, signal } = {}) {
  const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  return fetch(url, {
    method,
    headers: {
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: raw ? body : JSON.stringify(body),
    signal: signal ?? AbortSignal.timeout(kPatienceMs),
  });
}

export async function bytesOf(response) {
  return Buffer.from(await response.arrayBuffer());
}
