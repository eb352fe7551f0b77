// The fake upstream's errors.

// -> a handler that answers every request with OpenAI's error object. Its spacing is peculiar on purpose, so that a
// body which was parsed and printed again does not pass for unchanged.
export function errorAnswer(status, message, { code = null, headers = {}, type = 'invalid_request_error' } = {}) {
  const error = { message, type, param: null, code };
  return (request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error }, null, 3));
  };
}

// -> a handler whose first `count` requests get `error`, the later ones `answer`: a storm that passes.
export function stormAnswer(count, error, answer) {
  let left = count;
  return (request, response) => (left-- > 0 ? error : answer)(request, response);
}
