// Requests whose answer may never come.
import http from 'node:http';

// The connection ended before the answer had come whole.
export class Unanswered extends Error {}
// Larder did what it must never do.
export class Wrong extends Error {}

export function expect(holds, what, details = '') {
  if (holds) return;
  const told = typeof details === 'string' ? details : JSON.stringify(details);
  throw new Wrong(told === '' ? what : `${what}: ${told}`);
}

// One run of a server, from a client's point of view.
export class Connection {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  #origin;

  constructor(origin) { this.#origin = origin; }

  close() { this.#agent.destroy(); }

  get origin() { return this.#origin; }

  // body: a value for JSON, or undefined. -> { status, headers, text }. Throws Unanswered.
  request(method, path, { headers = {}, body, patienceMs = 30_000 } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const fields = { ...headers };
    if (text !== undefined) {
      fields['content-type'] ??= 'application/json';
      fields['content-length'] = Buffer.byteLength(text);
    }
    return new Promise((resolve, reject) => {
      const lost = (error) => reject(new Unanswered(`${method} ${path}: ${error?.message ?? 'cut'}`));
      const request = http.request(`${this.#origin}${path}`, { method, headers: fields, agent: this.#agent,
                                                               timeout: patienceMs }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', lost);
        response.on('close', () => {
          if (!response.complete) return lost();
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
        });
      });
      request.on('error', lost);
      request.on('timeout', () => request.destroy(new Error(`no byte within ${patienceMs} ms`)));
      request.end(text);
    });
  }

  // The same where one status is right; -> the body's value.
  async json(method, path, options = {}, status = 200) {
    const answer = await this.request(method, path, options);
    expect(answer.status === status, `${method} ${path} is answered ${status}`, `${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }
}
