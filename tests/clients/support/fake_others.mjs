// The fake upstream's smaller endpoints: models, moderations, files, speech.
import { createHash } from 'node:crypto';
import { errorAnswer } from './fake_errors.mjs';

function json(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value, null, 2));
}

// `length` bytes of every value, the same each time: whoever treats them as text, or ends at a zero, damages them.
export function binaryBytes(length, seed) {
  const block = (_, i) => createHash('sha256').update(`${seed} ${i}`).digest();
  const blocks = Array.from({ length: Math.ceil(length / 32) }, block);
  return Buffer.concat(blocks).subarray(0, length);
}

const kModels = ['gpt-test', 'text-embedding-test']
  .map((id) => ({ id, object: 'model', created: 1700000000, owned_by: 'fake' }));

export function answerModels(request, response) {
  const id = request.path.split('/')[3];
  if (id === undefined) return json(response, { object: 'list', data: kModels });
  const model = kModels.find((candidate) => candidate.id === decodeURIComponent(id));
  if (model) return json(response, model);
  return errorAnswer(404, `The model '${id}' does not exist.`, { code: 'model_not_found' })(request, response);
}

export function answerModeration(request, response) {
  const flagged = /attack/.test(request.json.input);
  json(response, { id: `modr-${request.number}`, model: 'omni-moderation-test', results: [
    { flagged, categories: { violence: flagged }, category_scores: { violence: flagged ? 0.987654321 : 1e-7 } },
  ] });
}

// The first part's content in a multipart body whose part carries `filename`; undefined when there is none.
export function uploadedFile(request) {
  const boundary = /boundary="?([^";]+)/.exec(request.headers['content-type'] ?? '')?.[1];
  const text = request.bytes.toString('latin1');  // one character per byte, so that indexes are byte offsets
  const part = text.split(`--${boundary}`).find((candidate) => /filename=/.test(candidate.split('\r\n\r\n')[0]));
  if (!boundary || !part) return undefined;
  return Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4, -2), 'latin1');
}

export function answerFileUpload(request, response) {
  const file = uploadedFile(request);
  if (!file) return errorAnswer(400, 'A file is missing.')(request, response);
  json(response, { id: `file-${request.number}`, object: 'file', bytes: file.length, created_at: 1700000000,
                   filename: 'notes.bin', purpose: 'assistants', status: 'processed' });
}

export function answerFile(request, response) {
  if (!/^\/v1\/files\/[^/]+\/content$/.test(request.path)) {
    return json(response, { object: 'list', data: [], has_more: false });
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  response.end(binaryBytes(70_001, request.path));
}

// In pieces, without a length, as synthesis delivers it.
export function answerSpeech(request, response) {
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  const bytes = binaryBytes(200_003, request.json.input);
  for (let at = 0; at < bytes.length; at += 16_384) response.write(bytes.subarray(at, at + 16_384));
  response.end();
}
