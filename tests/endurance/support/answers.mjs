// What the provider's stand-in answers: nothing but a function of the request and of who asks, so that whoever asked
// can tell a wrong answer from a right one, byte for byte.
import { createHash } from 'node:crypto';

export const kDimensions = 16;

const digestOf = (value) => createHash('sha256').update(JSON.stringify(value)).digest();

// Float32 values with a full mantissa. credential: as upstream sees it.
export function vectorOf(credential, model, text) {
  return Array.from({ length: kDimensions / 8 }, (_, part) => digestOf([part, credential, model, text]))
    .flatMap((digest) => Array.from({ length: 8 }, (_, i) => Math.fround(digest.readInt32LE(4 * i) / 2 ** 31)));
}

export const base64Of = (vector) => Buffer.from(new Float32Array(vector).buffer).toString('base64');
export const tokensOf = (text) => Math.ceil(Buffer.byteLength(text) / 4);

// json: the request's body. -> the body of the answer.
export function embeddingsBody(credential, json) {
  const inputs = [json.input].flat();
  const tokens = inputs.map(tokensOf).reduce((sum, part) => sum + part, 0);
  const encode = json.encoding_format === 'base64' ? base64Of : (vector) => vector;
  return JSON.stringify({
    object: 'list',
    data: inputs.map((text, index) => ({ object: 'embedding', index,
                                         embedding: encode(vectorOf(credential, json.model, text)) })),
    model: `${json.model}-0001`, usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

function saidOf(credential, json) {
  const digest = digestOf([credential, json.model, json.messages, json.temperature ?? null]);
  const wordAt = (_, i) => ` ${digest.toString('hex', i % 28, i % 28 + 4)} é`;
  const words = Array.from({ length: 4 + digest[0] % 29 }, wordAt);
  return { id: `chatcmpl-${digest.toString('hex', 0, 12)}`, words,
           usage: { prompt_tokens: 9, completion_tokens: words.length, total_tokens: 9 + words.length } };
}

// The text that a chat is answered with, in whichever form.
export const contentOf = (credential, json) => saidOf(credential, json).words.join('');

export function chatBody(credential, json) {
  const { id, words, usage } = saidOf(credential, json);
  return JSON.stringify({
    id, object: 'chat.completion', created: 1700000000, model: `${json.model}-0001`,
    choices: [{ index: 0, message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' }], usage,
  }, null, 1);
}

// The events of a streamed answer, each with its blank line.
export function chatEvents(credential, json) {
  const { id, words } = saidOf(credential, json);
  const event = (delta, finish_reason) => `data: ${JSON.stringify({
    id, object: 'chat.completion.chunk', created: 1700000000, model: `${json.model}-0001`,
    choices: [{ index: 0, delta, finish_reason }],
  })}\n\n`;
  return [event({ role: 'assistant', content: '' }, null), ...words.map((content) => event({ content }, null)),
          event({}, 'stop'), 'data: [DONE]\n\n'];
}
