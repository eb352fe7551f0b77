// Asks the server. Every call is to this origin, and the session's cookie goes along by itself. Without a session (401)
// the page leads to the login, which leads back to where it was.

// The server has no such endpoint (404, 405, 501): a panel that needs it says so.
export class NotAvailable extends Error {}
// The server refused; the message is its own.
export class Refused extends Error {}
// There was no answer.
export class Unreachable extends Error {}

export interface Ask {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  timeoutMs?: number;
}

async function send(path: string, ask: Ask, signal: AbortSignal | null): Promise<Response> {
  const headers: Record<string, string> = { ...ask.headers };
  if (ask.method) headers['X-CSRF-Token'] = await csrfToken();
  if (ask.body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(`/admin/v1/${path}`, {
      method: ask.method ?? 'GET', cache: 'no-store', headers, signal,
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
    });
  } catch (error) {
    if (ask.signal?.aborted) throw error;
    throw new Unreachable((error as Error).name === 'TimeoutError' ? 'no answer in time' : 'Larder does not answer');
  }
  if (response.ok) return response;
  if (response.status === 401) {
    location.assign(`login?why=ended&view=${encodeURIComponent(location.hash.slice(1))}`);
    await new Promise(() => {});  // the page goes
  }
  const message = await messageOf(response);
  if ([404, 405, 501].includes(response.status)) throw new NotAvailable(message);
  throw new Refused(message);
}

// Who asks, and what a change of this session has to bring. Asked each time: another tab may have logged in anew.
export interface Session {
  by: string;  // open, session
  csrf_token?: string;
}
export const session = (): Promise<Session> => ask<Session>('session');
const csrfToken = async (): Promise<string> => (await session()).csrf_token ?? '';

export async function logOut(): Promise<void> {
  await fetch('/dashboard/logout', { method: 'POST', headers: { 'X-CSRF-Token': await csrfToken() } });
  location.assign('login?why=out');
}

export async function messageOf(response: Response): Promise<string> {
  const answer = await response.json().catch(() => null) as { error?: { message?: string } } | null;
  return answer?.error?.message ?? `the server answered ${response.status}`;
}

// Either signal ends it. (AbortSignal.any is younger than the browsers that this page is for.)
function either(signal: AbortSignal | undefined, ms: number): AbortSignal {
  const both = new AbortController();
  const timer = setTimeout(() => both.abort(new DOMException('no answer in time', 'TimeoutError')), ms);
  const stop = (): void => {
    clearTimeout(timer);
    both.abort(signal?.reason);
  };
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return both.signal;
}

// The answer as JSON. Throws one of the errors above, or AbortError once `signal` says so.
export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const response = await send(path, options, either(options.signal, options.timeoutMs ?? 10_000));
  try {
    return await response.json() as T;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable('the answer broke off');
  }
}

// The answer as it comes, for a stream without end.
export async function open(path: string, signal: AbortSignal, headers: Record<string, string> = {}):
    Promise<ReadableStream<Uint8Array>> {
  const response = await send(path, { headers, signal }, signal);
  if (!response.body) throw new Unreachable('the answer has no body');
  return response.body;
}

// A query string without what is empty.
export function queryOf(parameters: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.toString();
}

// What an error means to the reader.
export function wordsOf(error: unknown): string {
  if (error instanceof NotAvailable) return 'This server does not offer it.';
  const message = error instanceof Error ? error.message : String(error);
  return `That did not work: ${message}${message.endsWith('.') ? '' : '.'}`;
}
