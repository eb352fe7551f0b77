// Bodies of 1 GB through Larder, up and down: whole, at constant memory, at the slower side's pace.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import test, { after, before } from 'node:test';
import { startLarder } from './support/larder.mjs';
import { eventually, within } from './support/waiting.mjs';

const kGigabyte = 1_000_000_000;
const kMostGrowth = 32 * 1024 * 1024;
// What the kernel holds for four sockets, and node for two, and Larder's windows.
const kMostUnderway = 64 * 1024 * 1024;
const kPatienceMs = 150_000;
const limits = { timeout: 180_000 };

// A gigabyte whose pieces differ, so that one lost, doubled or in the wrong place shows in the hash.
const kPiece = 1 << 20;
const kPattern = Buffer.alloc(kPiece + 4099, createHash('sha512').update('larder').digest());
function* pieces(total) {
  for (let at = 0, i = 0; at < total; at += kPiece, ++i) {
    const offset = (i * 61) % 4099;
    yield kPattern.subarray(offset, offset + Math.min(kPiece, total - at));
  }
}
const hashOf = (total) => {
  const hash = createHash('sha1');
  for (const piece of pieces(total)) hash.update(piece);
  return hash.digest('hex');
};

async function sendAll(stream, total) {
  for (const piece of pieces(total)) {
    if (!stream.write(piece)) await once(stream, 'drain');
  }
  stream.end();
}
async function receiveAll(stream) {
  const hash = createHash('sha1');
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, hash: hash.digest('hex') };
}

// An upstream that tells what it received, gives what it is asked for, or reads nothing until it is told to.
let heldUpload = null;
const upstream = http.createServer(async (request, response) => {
  try {
    if (request.method === 'GET') {
      const total = Number(new URL(request.url, 'http://x').searchParams.get('bytes'));
      if (request.url.includes('length')) response.setHeader('content-length', total);
      return await sendAll(response, total);
    }
    if (request.url.includes('held')) return heldUpload(request, response);
    const received = await receiveAll(request);
    response.end(JSON.stringify({ ...received, length: request.headers['content-length'] ?? null }));
  } catch {
    response.destroy();  // whoever leaves early is the test's business
  }
});

let larder;
const kHash = hashOf(kGigabyte);

before(async () => {
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  larder = await startLarder({ upstream: `http://127.0.0.1:${upstream.address().port}/v1` });
  // The first request makes what every later one uses.
  await download(`bytes=${8 << 20}`);
  await upload(8 << 20, {});
}, limits);
after(async () => {
  upstream.close();
  upstream.closeAllConnections();
  await larder?.dispose();
}, limits);

// Each on a connection of its own, so that its socket counts this request's bytes alone.
function request(method, path, headers = {}) {
  return http.request(`${larder.url}${path}`,
                      { method, agent: false, headers: { authorization: 'Bearer sk-alice', ...headers } });
}
async function download(query) {
  const asked = request('GET', `/files/f/content?${query}`);
  asked.end();
  const [response] = await within(kPatienceMs, 'the head arrives', once(asked, 'response'));
  return { status: response.statusCode, headers: response.headers, ...await receiveAll(response) };
}
async function upload(total, headers) {
  const sending = request('POST', '/files', { 'content-type': 'multipart/form-data; boundary=x', ...headers });
  const answered = once(sending, 'response');
  await sendAll(sending, total);
  const [response] = await within(kPatienceMs, 'the answer arrives', answered);
  return JSON.parse(Buffer.concat(await response.toArray()));
}

const statusOf = (field) => {
  const status = readFileSync(`/proc/${larder.pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024;
};
// By how much the server's memory grew at its most while `work` ran.
async function growthWhile(t, work) {
  writeFileSync(`/proc/${larder.pid}/clear_refs`, '5');  // VmHWM starts anew
  const before = statusOf('VmRSS');
  const begin = Date.now();
  const result = await work();
  const growth = statusOf('VmHWM') - before;
  t.diagnostic(`${((Date.now() - begin) / 1000).toFixed(1)} s, memory grew by ${(growth / 1e6).toFixed(1)} MB`);
  assert.ok(growth <= kMostGrowth, `memory grew by ${growth} bytes`);
  return result;
}
// Waits until `count()` has stood still for half a second.
function standsStill(what, count) {
  let last = -1;
  let since = Date.now();
  return eventually(kPatienceMs, what, () => {
    const now = count();
    if (now !== last) [last, since] = [now, Date.now()];
    return now > 0 && Date.now() - since > 500;
  });
}

test('a chunked upload of 1 GB arrives whole at constant memory', limits, async (t) => {
  const received = await growthWhile(t, () => upload(kGigabyte, {}));
  assert.deepEqual(received, { bytes: kGigabyte, hash: kHash, length: null });
});

test('an upload of 1 GB with its length arrives whole at constant memory', limits, async (t) => {
  const received = await growthWhile(t, () => upload(kGigabyte, { 'content-length': kGigabyte }));
  assert.deepEqual(received, { bytes: kGigabyte, hash: kHash, length: String(kGigabyte) });
});

for (const query of ['', '&length']) {
  test(`a download of 1 GB arrives whole at constant memory${query ? ', with its length' : ''}`, limits, async (t) => {
    const answer = await growthWhile(t, () => download(`bytes=${kGigabyte}${query}`));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-length'], query ? String(kGigabyte) : undefined);
    assert.equal(answer.bytes, kGigabyte);
    assert.equal(answer.hash, kHash);
  });
}

test('a reader that stands still holds upstream back', limits, async (t) => {
  let sent;  // by upstream, of this answer
  upstream.once('request', ({ socket }) => {
    const earlier = socket.bytesWritten;
    sent = () => socket.bytesWritten - earlier;
  });
  const asked = request('GET', `/files/f/content?bytes=${kGigabyte}&length`);
  asked.end();
  const [response] = await within(kPatienceMs, 'the head arrives', once(asked, 'response'));
  const received = await growthWhile(t, async () => {
    await standsStill('upstream stops sending', sent);
    assert.ok(sent() < kMostUnderway, `upstream sent ${sent()} bytes`);
    return receiveAll(response);
  });
  assert.deepEqual(received, { bytes: kGigabyte, hash: kHash });
});

test('an upstream that stands still holds the sender back', limits, async (t) => {
  const arrived = new Promise((resolve) => { heldUpload = (...call) => resolve(call); });
  const sending = request('POST', '/files?held', { 'content-length': kGigabyte });
  const answered = once(sending, 'response');
  const done = sendAll(sending, kGigabyte);
  const [incoming, response] = await within(kPatienceMs, 'the upload begins', arrived);
  await growthWhile(t, async () => {
    await standsStill('the client stops sending', () => sending.socket.bytesWritten);
    assert.ok(sending.socket.bytesWritten < kMostUnderway, `the client sent ${sending.socket.bytesWritten} bytes`);
    const received = await receiveAll(incoming);
    assert.deepEqual(received, { bytes: kGigabyte, hash: kHash });
    response.end('{}');
    await done;
  });
  const [answer] = await within(kPatienceMs, 'the answer arrives', answered);
  assert.equal(answer.statusCode, 200);
  answer.resume();
});
