// The fake upstream's /v1/messages, in Anthropic's shape: text, thinking and tool use, whole and streamed.
import { kReply, kToolArguments } from './fake_chat.mjs';
import { namedEvent, piecesOf, sendStream } from './fake_stream.mjs';

export const kThinking = ['The shelf', ' is cold; „so“', ' is the 🍮.'];
export const kSignature = 'EqQBCkYIAxgCKkBnb3VyZGVzK2NoZWVzZQ==';
export const kToolInput = JSON.parse(kToolArguments);

export function messagesError(status, type, message) {
  return (request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ type: 'error', error: { type, message } }, null, 3));
  };
}

// Tools are used until one of them has answered.
function usesTools({ tools, messages }) {
  const { content } = messages.at(-1);
  return tools !== undefined && !(Array.isArray(content) && content.some((part) => part.type === 'tool_result'));
}

function contentOf({ json }) {
  const content = [];
  if (json.thinking?.type === 'enabled') {
    content.push({ type: 'thinking', thinking: kThinking.join(''), signature: kSignature });
  }
  content.push({ type: 'text', text: kReply.join('') });
  if (usesTools(json)) {
    for (const [place, { name }] of json.tools.entries()) {
      content.push({ type: 'tool_use', id: `toolu_${place + 1}`, name, input: kToolInput });
    }
  }
  return content;
}

const outputTokens = 17;
function usageOf({ json }, output_tokens) {
  return { input_tokens: JSON.stringify(json.messages).length, cache_creation_input_tokens: 0,
           cache_read_input_tokens: 0, output_tokens };
}

// The whole answer to a request: what a client must see in the end, streamed or not.
export function messageOf(request) {
  const { json, number } = request;
  return { id: `msg_${number}`, type: 'message', role: 'assistant', model: `${json.model}-0001`,
           content: contentOf(request), stop_reason: usesTools(json) ? 'tool_use' : 'end_turn', stop_sequence: null,
           usage: usageOf(request, outputTokens) };
}

function blockEvents(block, index) {
  const event = (type, rest) => namedEvent(type, { index, ...rest });
  const delta = (part) => event('content_block_delta', { delta: part });
  const [empty, deltas] = {
    thinking: () => [
      { type: 'thinking', thinking: '', signature: '' },
      [...kThinking.map((thinking) => delta({ type: 'thinking_delta', thinking })),
       delta({ type: 'signature_delta', signature: kSignature })],
    ],
    text: () => [{ type: 'text', text: '' }, kReply.map((text) => delta({ type: 'text_delta', text }))],
    tool_use: () => [
      { ...block, input: {} },
      ['', ...piecesOf(kToolArguments, 7)].map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
    ],
  }[block.type]();
  return [event('content_block_start', { content_block: empty }), ...deltas, event('content_block_stop', {})];
}

function eventsOf(request) {
  const { content, stop_reason, stop_sequence, ...message } = messageOf(request);
  const start = { ...message, content: [], stop_reason: null, stop_sequence: null, usage: usageOf(request, 1) };
  return [
    namedEvent('message_start', { message: start }),
    namedEvent('ping', {}),
    ...content.flatMap(blockEvents),
    namedEvent('message_delta', { delta: { stop_reason, stop_sequence }, usage: { output_tokens: outputTokens } }),
    namedEvent('message_stop', {}),
  ];
}

// options: sendStream's. `hold` without holdAfter holds a whole answer.
export function messagesAnswer(options = {}) {
  return async (request, response) => {
    const { json } = request;
    if (!Array.isArray(json?.messages) || !Number.isInteger(json.max_tokens)) {
      return messagesError(400, 'invalid_request_error', 'max_tokens: Field required')(request, response);
    }
    response.setHeader('request-id', `req_fake_${request.number}`);
    if (json.stream) return sendStream(request, response, eventsOf(request), options);
    await options.hold;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(messageOf(request), null, 2));
  };
}

export const answerMessages = messagesAnswer();
