// A provider that does wrong on demand. It speaks HTTP by hand, so that it can break off anywhere.
import { createServer } from 'node:net';

const embedding = (dimensions) => Array.from({ length: dimensions }, (_, i) => (i + 1) / 8);
const json = (body, status = '200 OK', more = '') =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const vectors = (list) => JSON.stringify({ object: 'list', model: 'm', usage: { prompt_tokens: 1, total_tokens: 1 },
  data: list.map((values, index) => ({ object: 'embedding', index, embedding: values })) });
const chat = JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });

// What is done to a request; `good` is the right answer to it.
const kFaults = {
  none: (socket, good) => socket.write(good),
  closes: (socket) => socket.destroy(),
  stalls: () => {},
  'cuts the body': (socket, good) => socket.end(good.slice(0, good.length - 20)),
  'cuts the stream': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
    const event = 'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n';
    socket.write(`${event.length.toString(16)}\r\n${event}\r\n`);
    setTimeout(() => socket.destroy(), 50);
  },
  'fails with 500': (socket) => socket.write(json('{"error":{"message":"upstream is broken"}}', '500 Internal Server Error')),
  'limits the rate': (socket) => socket.write(json('{"error":{"message":"slow down"}}', '429 Too Many Requests', 'retry-after: 7\r\n')),
  'answers no JSON': (socket) => socket.write(json('<html>busy</html>')),
  'answers too few': (socket) => socket.write(json(vectors([]))),
  'mixes dimensions': (socket) => socket.write(json(vectors([embedding(4), embedding(3)]))),
};

export async function startFaultyUpstream() {
  const upstream = { fault: 'none', requests: 0 };
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let received = '';
    socket.setEncoding('utf8').on('data', (text) => {
      received += text;
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (Buffer.byteLength(received.slice(head + 4)) < length) return;
      const body = JSON.parse(received.slice(head + 4) || '{}');
      received = '';
      upstream.requests += 1;
      const inputs = [].concat(body.input ?? []);
      const good = json(body.messages ? chat : vectors(inputs.map(() => embedding(4))));
      kFaults[upstream.fault](socket, good);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  upstream.port = server.address().port;
  upstream.url = `http://127.0.0.1:${upstream.port}/v1`;
  upstream.refuse = () => new Promise((resolve) => {
    sockets.forEach((socket) => socket.destroy());
    server.close(resolve);
  });
  upstream.accept = () => new Promise((resolve) => server.listen(upstream.port, '127.0.0.1', resolve));
  upstream.stop = () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  };
  return upstream;
}
