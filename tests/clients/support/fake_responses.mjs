// The fake upstream's /v1/responses: text, function calls and reasoning summaries, whole and streamed; stored responses
// can be fetched and deleted.
import { kReply, kToolArguments } from './fake_chat.mjs';
import { errorAnswer } from './fake_errors.mjs';
import { namedEvent, piecesOf, sendStream } from './fake_stream.mjs';

export const kSummary = ['**Shelves**', ' come before „doors“.'];

function usageOf({ json }) {
  const input_tokens = JSON.stringify(json.input).length;
  return { input_tokens, input_tokens_details: { cached_tokens: 0 }, output_tokens: kReply.length,
           output_tokens_details: { reasoning_tokens: 0 }, total_tokens: input_tokens + kReply.length };
}

// Functions are called until one of them has answered.
function callsFunctions({ tools, input }) {
  const answered = Array.isArray(input) && input.some((item) => item.type === 'function_call_output');
  return (tools ?? []).some((tool) => tool.type === 'function') && !answered;
}

function outputOf({ json, number }) {
  const output = [];
  if (json.reasoning) {
    const summary = [{ type: 'summary_text', text: kSummary.join('') }];
    output.push({ id: `rs_${number}`, type: 'reasoning', summary });
  }
  if (!callsFunctions(json)) {
    const part = { type: 'output_text', annotations: [], logprobs: [], text: kReply.join('') };
    output.push({ id: `msg_${number}`, type: 'message', status: 'completed', content: [part], role: 'assistant' });
    return output;
  }
  for (const [place, { name }] of json.tools.entries()) {
    output.push({ id: `fc_${number}_${place}`, type: 'function_call', status: 'completed', arguments: kToolArguments,
                  call_id: `call_${place + 1}`, name });
  }
  return output;
}

// The whole answer to a request: what a client must see in the end, streamed or not.
export function responseOf(request) {
  const { json, number } = request;
  return { id: `resp_${number}`, object: 'response', created_at: 1700000000, status: 'completed', background: false,
           error: null, incomplete_details: null, instructions: json.instructions ?? null, max_output_tokens: null,
           model: `${json.model}-0001`, output: outputOf(request), parallel_tool_calls: true,
           previous_response_id: json.previous_response_id ?? null, reasoning: { effort: null, summary: null },
           service_tier: 'default', store: json.store ?? true, temperature: 1, text: { format: { type: 'text' } },
           tool_choice: 'auto', tools: json.tools ?? [], top_p: 1, truncation: 'disabled', usage: usageOf(request),
           user: null, metadata: {} };
}

function textEvents(item, output_index) {
  const part = item.content[0];
  const at = { item_id: item.id, output_index, content_index: 0 };
  return [
    ['response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } }],
    ['response.content_part.added', { ...at, part: { ...part, text: '' } }],
    ...kReply.map((delta) => ['response.output_text.delta', { ...at, delta, logprobs: [], obfuscation: 'x7' }]),
    ['response.output_text.done', { ...at, text: part.text, logprobs: [] }],
    ['response.content_part.done', { ...at, part }],
    ['response.output_item.done', { output_index, item }],
  ];
}

function callEvents(item, output_index) {
  const at = { item_id: item.id, output_index };
  return [
    ['response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } }],
    ...piecesOf(item.arguments, 7).map((delta) => ['response.function_call_arguments.delta', { ...at, delta }]),
    ['response.function_call_arguments.done', { ...at, arguments: item.arguments, name: item.name }],
    ['response.output_item.done', { output_index, item }],
  ];
}

function reasoningEvents(item, output_index) {
  const [part] = item.summary;
  const at = { item_id: item.id, output_index, summary_index: 0 };
  return [
    ['response.output_item.added', { output_index, item: { ...item, summary: [] } }],
    ['response.reasoning_summary_part.added', { ...at, part: { ...part, text: '' } }],
    ...kSummary.map((delta) => ['response.reasoning_summary_text.delta', { ...at, delta }]),
    ['response.reasoning_summary_text.done', { ...at, text: part.text }],
    ['response.reasoning_summary_part.done', { ...at, part }],
    ['response.output_item.done', { output_index, item }],
  ];
}

const kEventsOf = { message: textEvents, function_call: callEvents, reasoning: reasoningEvents };

function eventsOf(request) {
  const response = responseOf(request);
  const unfinished = { ...response, status: 'in_progress', output: [], usage: null };
  const events = [
    ['response.created', { response: unfinished }],
    ['response.in_progress', { response: unfinished }],
    ...response.output.flatMap((item, place) => kEventsOf[item.type](item, place)),
    ['response.completed', { response }],
  ];
  return events.map(([type, rest], sequence_number) => namedEvent(type, { sequence_number, ...rest }));
}

// options: sendStream's. `hold` without holdAfter holds a whole answer.
export function responsesAnswer(options = {}) {
  return async (request, response) => {
    const { json } = request;
    if (json?.input === undefined) {
      return errorAnswer(400, "Missing required parameter: 'input'.")(request, response);
    }
    if (json.stream) return sendStream(request, response, eventsOf(request), options);
    await options.hold;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(responseOf(request), null, 2));
  };
}

export const answerResponses = responsesAnswer();

export function answerStoredResponse(request, response) {
  const id = request.path.split('/')[3];
  response.writeHead(200, { 'content-type': 'application/json' });
  const rest = request.method === 'DELETE' ? { deleted: true } : { status: 'completed', output: [] };
  response.end(JSON.stringify({ id, object: 'response', ...rest }));
}
