// The fake upstream's embeddings: deterministic, exact in float32, strict about its input as OpenAI is, and wrong in
// well-known ways on demand.
import { createHash } from 'node:crypto';
import { errorAnswer } from './fake_errors.mjs';

export const kDimensions = 24;

// The vector that the fake gives for an input. Values are float32 with a full mantissa, within (-1, 1).
export function vectorOf(input, model, dimensions = kDimensions) {
  const seed = JSON.stringify([input, model, dimensions]);
  return Array.from({ length: dimensions }, (_, i) => {
    const word = createHash('sha256').update(`${i} ${seed}`).digest().readInt32LE();
    return Math.fround(word / 2 ** 31);
  });
}

// What the fake charges for an input: its tokens, or one per started group of four bytes.
export function tokensOf(input) {
  return typeof input === 'string' ? Math.ceil(Buffer.byteLength(input) / 4) : input.length;
}

export function base64Of(vector) {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

const isString = (value) => typeof value === 'string' && value !== '';
const isTokens = (value) => Array.isArray(value) && value.length > 0 && value.every(Number.isInteger);

// -> the inputs of a request body, or a sentence that says what is wrong with it.
function inputsOf(body) {
  if (typeof body !== 'object' || body === null) return 'We could not parse the JSON body of your request.';
  if (typeof body.model !== 'string') return 'you must provide a model parameter';
  if (isString(body.input) || isTokens(body.input)) return [body.input];
  if (!Array.isArray(body.input) || body.input.length === 0) return "'$.input' is invalid.";
  if (body.input.length > 2048) return "'$.input' is invalid: at most 2048 inputs.";
  return body.input.every(isString) || body.input.every(isTokens) ? body.input : "'$.input' is invalid.";
}

// vectors: (inputs) => vectors, instead of vectorOf's. ignoreFormat: floats whatever was asked, as many servers do.
// spoil: (answer, encode) => what to send instead: an object for JSON, or a string sent as it is.
// hold: a promise to await before answering.
export function embeddingsAnswer({ vectors, ignoreFormat = false, spoil = (answer) => answer,
                                   contentType = 'application/json', hold } = {}) {
  return async (request, response) => {
    const inputs = inputsOf(request.json);
    if (typeof inputs === 'string') return errorAnswer(400, inputs)(request, response);
    const { model, dimensions, encoding_format: format } = request.json;
    if (model === 'no-such-model') {
      return errorAnswer(404, 'The model does not exist.', { code: 'model_not_found' })(request, response);
    }
    const encode = format === 'base64' && !ignoreFormat ? base64Of : (vector) => vector;
    const made = vectors?.(inputs) ?? inputs.map((input) => vectorOf(input, model, dimensions));
    const tokens = inputs.map(tokensOf).reduce((sum, part) => sum + part);
    const answer = spoil({
      object: 'list',
      data: made.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
      model: `${model}-0001`,  // providers name the version they used, not the alias they were asked for
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    }, encode);
    await hold;
    response.writeHead(200, { 'content-type': contentType });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
}

export const answerEmbeddings = embeddingsAnswer();

// Right values in the wrong order, `index` telling the truth, as vLLM does.
export const answerEmbeddingsBackwards = embeddingsAnswer({
  spoil: (answer) => ({ ...answer, data: answer.data.reverse() }),
});

// Answers that no cache may keep, for requests with two inputs or more.
export const kWrongEmbeddings = {
  'one vector too few': embeddingsAnswer({ spoil: (answer) => ({ ...answer, data: answer.data.slice(1) }) }),
  'one vector too many': embeddingsAnswer({
    spoil: (answer) => ({ ...answer, data: [...answer.data, { ...answer.data[0], index: answer.data.length }] }),
  }),
  'an index twice': embeddingsAnswer({
    spoil: (answer) => ({ ...answer, data: answer.data.map((item) => ({ ...item, index: 0 })) }),
  }),
  'an index out of range': embeddingsAnswer({
    spoil: (answer) => ({ ...answer, data: answer.data.map((item) => ({ ...item, index: item.index + 1 })) }),
  }),
  'a value that is not a number': embeddingsAnswer({
    // As Python prints it in a list of floats, as its bits in base64.
    spoil: (answer, encode) => JSON.stringify({ ...answer, data: answer.data.map((item, i) => ({
      ...item, embedding: i === 0 ? encode(Array(kDimensions).fill(NaN)) : item.embedding,
    })) }).replace(/\[null(,null)*\]/, `[${Array(kDimensions).fill('NaN').join()}]`),
  }),
  'vectors of two dimensions': embeddingsAnswer({
    vectors: (inputs) => inputs.map((input, i) => vectorOf(input, 'any', kDimensions - (i === 0 ? 1 : 0))),
  }),
  'an empty vector': embeddingsAnswer({ vectors: (inputs) => inputs.map(() => []) }),
  'half a JSON document': embeddingsAnswer({ spoil: (answer) => JSON.stringify(answer).slice(0, 90) }),
  'a web page': embeddingsAnswer({
    contentType: 'text/html', spoil: () => '<!doctype html><title>Sign in to the wireless network</title>',
  }),
};
