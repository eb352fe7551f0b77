// The fake upstream's chat completions: text, tool calls, several choices, logprobs, refusals and reasoning, whole and
// streamed.
import { errorAnswer } from './fake_errors.mjs';
import { piecesOf, sendStream } from './fake_stream.mjs';

// The arguments must come back as they are: their odd spacing, escapes and non-ASCII are the model's own.
export const kToolArguments = '{"city":  "Zürich \\u2603",\n "days":1e0}';
export const kReply = ['Larders', ' keep', ' crème brûlée', ' 🍮', ' fresh.'];
export const kReasoning = ['First', ' the shelf,', ' then „the door“.'];
export const kRefusal = ['I', ' would', ' rather not.'];

// Tools are called in the first turn; once a tool has answered, the fake says its text.
function callsTools({ tools, messages }) {
  return tools !== undefined && messages.at(-1).role !== 'tool';
}

// What choice `index` says, in pieces: { content, reasoning, refusal, calls }.
function saidBy(json, index) {
  const content = index === 0 ? kReply : [...kReply, ` Choice ${index}.`];
  const reasoning = /reason/.test(json.model) ? kReasoning : [];
  if (callsTools(json)) return { content: [], reasoning, refusal: [], calls: json.tools };
  if (/refuse/.test(json.model)) return { content: [], reasoning, refusal: kRefusal, calls: [] };
  return { content, reasoning, refusal: [], calls: [] };
}

const finishReason = ({ calls }) => (calls.length > 0 ? 'tool_calls' : 'stop');
const callId = (index, place) => `call_${index * 10 + place + 1}`;
// A token's logprob has all its digits and depends on the token.
const logprobOf = (token) => ({ token, logprob: -token.length / 3, bytes: [...Buffer.from(token)], top_logprobs: [] });
const logprobsOf = (json, member, tokens) =>
  json.logprobs ? { content: null, refusal: null, [member]: tokens.map(logprobOf) } : null;

// The events of a streamed answer, in order, each with its blank line. The comment and the double space are legal and
// unusual: whoever prints the stream anew loses them.
function eventsOf(request) {
  const { json } = request;
  const { model, n = 1, stream_options: options } = json;
  const event = (rest) => {
    const chunk = { id: `chatcmpl-${request.number}`, object: 'chat.completion.chunk', created: 1700000000,
                    model: `${model}-0001`, system_fingerprint: 'fp_1', ...rest };
    return `data:  ${JSON.stringify(options?.include_usage ? { usage: null, ...chunk } : chunk)}\n\n`;
  };
  const choice = (index, delta, logprobs = null, finish_reason = null) =>
    event({ choices: [{ index, delta, logprobs, finish_reason }] });
  const perChoice = Array.from({ length: n }, (_, index) => {
    const said = saidBy(json, index);
    const isText = said.content.length > 0;
    const call = (place, rest) => choice(index, { tool_calls: [{ index: place, ...rest }] });
    return [
      choice(index, { role: 'assistant', content: isText ? '' : null, refusal: null }),
      ...said.reasoning.map((reasoning_content) => choice(index, { reasoning_content })),
      ...said.content.map((content) => choice(index, { content }, logprobsOf(json, 'content', [content]))),
      ...said.refusal.map((refusal) => choice(index, { refusal }, logprobsOf(json, 'refusal', [refusal]))),
      ...said.calls.flatMap((tool, place) => [
        call(place, { id: callId(index, place), type: 'function',
                      function: { name: tool.function.name, arguments: '' } }),
        ...piecesOf(kToolArguments, 7).map((part) => call(place, { function: { arguments: part } })),
      ]),
      choice(index, {}, null, finishReason(said)),
    ];
  });
  // Providers interleave the choices of one answer.
  const longest = Math.max(...perChoice.map((events) => events.length));
  const interleaved = Array.from({ length: longest }, (_, i) => perChoice.map((events) => events[i])).flat();
  return [
    ': keep-alive\n\n',
    ...interleaved.filter(Boolean),
    ...(options?.include_usage ? [event({ choices: [], usage: usageOf(request) })] : []),
    'data: [DONE]\n\n',
  ];
}

function usageOf({ json }) {
  const prompt_tokens = JSON.stringify(json.messages).length;
  const completion_tokens = kReply.length * (json.n ?? 1);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

// The whole answer to a request: what a client must see in the end, streamed or not.
export function completionOf(request) {
  const { json } = request;
  const choices = Array.from({ length: json.n ?? 1 }, (_, index) => {
    const said = saidBy(json, index);
    const [content, refusal] = [said.content.join('') || null, said.refusal.join('') || null];
    const message = { role: 'assistant', content, refusal };
    if (said.reasoning.length > 0) message.reasoning_content = said.reasoning.join('');
    if (said.calls.length > 0) {
      message.tool_calls = said.calls.map((tool, place) => ({
        id: callId(index, place), type: 'function', function: { name: tool.function.name, arguments: kToolArguments },
      }));
    }
    const spoken = said.refusal.length > 0 ? ['refusal', said.refusal] : ['content', said.content];
    const logprobs = spoken[1].length > 0 ? logprobsOf(json, ...spoken) : null;
    return { index, message, logprobs, finish_reason: finishReason(said) };
  });
  return { id: `chatcmpl-${request.number}`, object: 'chat.completion', created: 1700000000,
           model: `${json.model}-0001`, choices, usage: usageOf(request), system_fingerprint: 'fp_1' };
}

// options: sendStream's. `hold` without holdAfter holds a whole answer.
export function chatAnswer(options = {}) {
  return async (request, response) => {
    const { json } = request;
    if (!Array.isArray(json?.messages)) {
      return errorAnswer(400, "Missing required parameter: 'messages'.")(request, response);
    }
    if (json.model === 'no-such-model') {
      return errorAnswer(404, 'The model does not exist.', { code: 'model_not_found' })(request, response);
    }
    if (json.stream) return sendStream(request, response, eventsOf(request), options);
    await options.hold;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(completionOf(request), null, 2));
  };
}

export const answerChat = chatAnswer();
