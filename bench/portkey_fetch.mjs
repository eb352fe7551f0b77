// Loaded before the Portkey gateway. Its release 1.15 adds fields to the answer that fetch gave it, which Node.js
// does not allow, and so answers 500 (its issue 1389): here fetch gives an answer of which the fields may be changed.
const original = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const answer = await original(...request);
  return new Response(answer.body, answer);
};
