// How the fake upstream's streams travel: in pieces that respect neither events nor characters, as a network would
// deliver them. They can be held, cut, paced, or ended too early.

// Resolves when the bytes are with the operating system, so that two writes never share a segment by accident.
function flush(response, bytes) {
  return new Promise((resolve) => response.write(bytes, resolve));
}

// Sends `events`, each with its blank line. holdAfter, hold: after that many events, await the promise `hold`.
// cutAfter: break the connection after that many. endAfter: end cleanly after that many, which leaves out the terminal
// event. beforeEvent(i): awaited before each event. pieceBytes: the size of a piece; the default, a small odd number,
// lands inside events, inside numbers and inside UTF-8 sequences.
// What was written is kept in request.sent, so that a test can compare it with what arrived.
export async function sendStream(request, response, events, options = {}) {
  const { holdAfter, hold, cutAfter, endAfter, beforeEvent, pieceBytes = 61 } = options;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const [i, event] of events.entries()) {
    if (i === holdAfter) await hold;
    await beforeEvent?.(i);
    if (i === cutAfter) return void response.destroy();
    if (i === endAfter) break;
    if (response.destroyed) return;
    const bytes = Buffer.from(event);
    request.sent.push(bytes);
    for (let at = 0; at < bytes.length; at += pieceBytes) await flush(response, bytes.subarray(at, at + pieceBytes));
  }
  response.end();
}

// A named event, as /v1/responses and /v1/messages send them: the name stands in the data as well.
export function namedEvent(type, rest) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}

// A text in pieces of at most `length` characters, none of which breaks a code point.
export function piecesOf(text, length) {
  return text.match(new RegExp(`.{1,${length}}`, 'gsu')) ?? [];
}
