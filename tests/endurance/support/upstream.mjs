// The provider's stand-in as a server. It is never wrong and never fails.
import { once } from 'node:events';
import http from 'node:http';
import { chatBody, chatEvents, embeddingsBody } from './answers.mjs';

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const json = JSON.parse(Buffer.concat(chunks).toString());
  const credential = request.headers.authorization;
  if (request.url.endsWith('/embeddings')) {
    response.setHeader('content-type', 'application/json');
    response.end(embeddingsBody(credential, json));
  } else if (!json.stream) {
    response.setHeader('content-type', 'application/json');
    response.end(chatBody(credential, json));
  } else {
    response.setHeader('content-type', 'text/event-stream');
    for (const event of chatEvents(credential, json)) {
      if (response.destroyed) return;
      await new Promise((resolve) => response.write(event, resolve));
    }
    response.end();
  }
}

// Listens on a free port of 127.0.0.1. -> its URL, and stop().
export async function startUpstream() {
  const server = http.createServer((request, response) => {
    response.on('error', () => {});
    // A server that is killed leaves in the middle of its request.
    serve(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/v1`, stop };
}
