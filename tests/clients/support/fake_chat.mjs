// The fake upstream's chat completions. Streams leave in pieces that respect neither events nor characters, as a
// network would deliver them, and can be held, cut, or ended too early.
import { errorAnswer } from './fake_errors.mjs';

// The arguments must come back as they are: their odd spacing, escapes and non-ASCII are the model's own.
export const kToolArguments = '{"city":  "Zürich \\u2603",\n "days":1e0}';
export const kReply = ['Larders', ' keep', ' crème brûlée', ' 🍮', ' fresh.'];

// The events of a streamed answer, in order, each with its blank line. The comment and the double space are legal and
// unusual: whoever prints the stream anew loses them.
function eventsOf(request) {
  const { model, tools, stream_options: options } = request.json;
  const event = (rest) => {
    const chunk = { id: `chatcmpl-${request.number}`, object: 'chat.completion.chunk', created: 1700000000,
                    model: `${model}-0001`, system_fingerprint: 'fp_1', ...rest };
    return `data:  ${JSON.stringify(options?.include_usage ? { usage: null, ...chunk } : chunk)}\n\n`;
  };
  const choice = (delta, finish_reason = null) =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  const call = (rest) => choice({ tool_calls: [{ index: 0, ...rest }] });
  const middle = tools
    ? [call({ id: 'call_1', type: 'function', function: { name: tools[0].function.name, arguments: '' } }),
       ...kToolArguments.match(/.{1,7}/gsu).map((part) => call({ function: { arguments: part } }))]
    : kReply.map((content) => choice({ content }));
  return [
    ': keep-alive\n\n',
    choice({ role: 'assistant', content: tools ? null : '', refusal: null }),
    ...middle,
    choice({}, tools ? 'tool_calls' : 'stop'),
    ...(options?.include_usage ? [event({ choices: [], usage: usageOf(request) })] : []),
    'data: [DONE]\n\n',
  ];
}

function usageOf(request) {
  const prompt_tokens = JSON.stringify(request.json.messages).length;
  return { prompt_tokens, completion_tokens: kReply.length, total_tokens: prompt_tokens + kReply.length };
}

function completionOf(request) {
  const { model, tools } = request.json;
  const call = () => ({ id: 'call_1', type: 'function',
                        function: { name: tools[0].function.name, arguments: kToolArguments } });
  const message = tools
    ? { role: 'assistant', content: null, tool_calls: [call()], refusal: null }
    : { role: 'assistant', content: kReply.join(''), refusal: null };
  return { id: `chatcmpl-${request.number}`, object: 'chat.completion', created: 1700000000, model: `${model}-0001`,
           choices: [{ index: 0, message, logprobs: null, finish_reason: tools ? 'tool_calls' : 'stop' }],
           usage: usageOf(request), system_fingerprint: 'fp_1' };
}

// Resolves when the bytes are with the operating system, so that two writes never share a segment by accident.
function flush(response, bytes) {
  return new Promise((resolve) => response.write(bytes, resolve));
}

// holdAfter, hold: after that many events, await the promise `hold`. cutAfter: break the connection after that many
// events. endAfter: end cleanly after that many, which leaves out [DONE].
// What was written is kept in request.sent, so that a test can compare it with what arrived.
export function chatAnswer({ holdAfter, hold, cutAfter, endAfter } = {}) {
  return async (request, response) => {
    const { json } = request;
    if (!Array.isArray(json?.messages)) {
      return errorAnswer(400, "Missing required parameter: 'messages'.")(request, response);
    }
    if (json.model === 'no-such-model') {
      return errorAnswer(404, 'The model does not exist.', { code: 'model_not_found' })(request, response);
    }
    if (!json.stream) {
      await hold;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(completionOf(request), null, 2));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    for (const [i, event] of eventsOf(request).entries()) {
      if (i === holdAfter) await hold;
      if (i === cutAfter) return void response.destroy();
      if (i === endAfter) break;
      const bytes = Buffer.from(event);
      request.sent.push(bytes);
      // Splitting at a fixed odd place lands inside events, inside numbers and inside UTF-8 sequences.
      for (let at = 0; at < bytes.length; at += 61) await flush(response, bytes.subarray(at, at + 61));
    }
    response.end();
  };
}

export const answerChat = chatAnswer();
