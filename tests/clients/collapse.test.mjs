// Many ask the same at once: one upstream call, whose transcript each reads at its own pace and from its start.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import test from 'node:test';
import { kApis, kStreams, sendTo } from './support/apis.mjs';
import { cacheStatusOf } from './support/client.mjs';
import { chatAnswer } from './support/fake_chat.mjs';
import { messagesAnswer } from './support/fake_messages.mjs';
import { responsesAnswer } from './support/fake_responses.mjs';
import { sendStream } from './support/fake_stream.mjs';
import { limits, setUp } from './support/setup.mjs';
import { closedGate, eventually, within } from './support/waiting.mjs';

const kReaders = 20;
const world = setUp();

const answerOf = ({ name }, options) =>
  ({ chat: chatAnswer, responses: responsesAnswer, messages: messagesAnswer })[name.split(',')[0]](options);
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const upstreamCalls = () => world.upstream.requests.length;
const transcript = () => Buffer.concat(world.upstream.requests[0].sent).toString();

// Asks until one is answered from the cache, for recordings that become visible just after their last byte.
const isStored = (api, text) => eventually(20_000, 'the answer is stored', async () => {
  const response = await sendTo(api, world.larder, text, { headers: { 'cache-control': 'only-if-cached' } });
  await response.text();
  return response.status === 200;
});

// A request by node's own client, whose answer can be left unread and whose socket can be destroyed.
async function askByHand(api, text) {
  const { port } = new URL(world.larder.origin);
  const request = http.request({ port, host: '127.0.0.1', method: 'POST', path: api.path(), agent: false,
                                 headers: { ...api.credentialOf('sk-alice'), 'content-type': 'application/json' } });
  request.end(JSON.stringify(api.bodyOf(text)));
  const [response] = await once(request, 'response');
  response.on('error', () => {});  // of a socket that the test destroyed
  return response;
}

for (const api of kStreams) {
  test(`${kReaders} identical streams at once are one upstream call and equal transcripts (${api.name})`, limits,
       async (t) => {
    const gate = closedGate();
    world.upstream.misbehave(answerOf(api, { holdAfter: 4, hold: gate.passed }));
    const heads = await within(20_000, 'every reader gets its head',
                               Promise.all(times(kReaders, () => sendTo(api, world.larder, t.name))));
    gate.open();
    const texts = await Promise.all(heads.map((response) => response.text()));

    assert.equal(upstreamCalls(), 1);
    for (const text of texts) assert.equal(text, transcript());
    const collapsed = heads.filter(({ headers }) => cacheStatusOf(headers).collapsed === true);
    assert.equal(collapsed.length, kReaders - 1);
    await isStored(api, t.name);
    assert.equal(upstreamCalls(), 1);
  });

  test(`every event is with every reader before upstream sends the next (${api.name})`, limits, async (t) => {
    const received = [0, 0];  // bytes, by reader
    let arrived = closedGate();
    let events = 0;
    const allHave = async (bytes) => {
      while (received.some((count) => count < bytes)) {
        const next = arrived;
        await within(20_000, `the readers have ${bytes} bytes`, next.passed);
      }
    };
    world.upstream.misbehave((request, response) => answerOf(api, {
      beforeEvent: async (i) => {
        events = i + 1;
        if (i > 0) await allHave(Buffer.concat(request.sent).length);
      },
    })(request, response));
    await Promise.all(received.map(async (_, reader) => {
      const response = await sendTo(api, world.larder, t.name);
      for await (const bytes of response.body) {
        received[reader] += bytes.length;
        const woken = arrived;
        arrived = closedGate();
        woken.open();
      }
    }));
    assert.ok(events > 5);
    assert.equal(upstreamCalls(), 1);
  });

  test(`the leader's client is killed in the middle and the others complete (${api.name})`, limits, async (t) => {
    const gate = closedGate();
    world.upstream.misbehave(answerOf(api, { holdAfter: 4, hold: gate.passed }));
    const leader = await askByHand(api, t.name);
    assert.ok((await once(leader, 'data')).length > 0, 'the leader is in the middle');
    const heads = await Promise.all(times(kReaders - 1, () => sendTo(api, world.larder, t.name)));
    for (const { headers } of heads) assert.equal(cacheStatusOf(headers).collapsed, true);
    const killed = once(leader, 'close');
    leader.destroy();
    await killed;
    gate.open();
    const texts = await Promise.all(heads.map((response) => response.text()));

    assert.equal(upstreamCalls(), 1);
    for (const text of texts) assert.equal(text, transcript());
    await isStored(api, t.name);
  });

  test(`a cut upstream breaks every reader visibly and is not stored (${api.name})`, limits, async (t) => {
    const gate = closedGate();
    world.upstream.misbehave(answerOf(api, { holdAfter: 4, hold: gate.passed, cutAfter: 5 }));
    const heads = await Promise.all(times(kReaders, () => sendTo(api, world.larder, t.name)));
    gate.open();
    const ends = await Promise.allSettled(heads.map((response) => response.text()));
    for (const end of ends) assert.equal(end.status, 'rejected', end.value);
    assert.equal(upstreamCalls(), 1);

    world.upstream.reset();
    assert.equal(await (await sendTo(api, world.larder, t.name)).text(), transcript());
    assert.equal(upstreamCalls(), 1);
  });

  test(`when every reader has left, upstream is let go (${api.name})`, limits, async (t) => {
    const gone = closedGate();
    const gate = closedGate();
    const answer = answerOf(api, { holdAfter: 4, hold: gate.passed });
    world.upstream.misbehave((request, response) => {
      response.on('close', gone.open);
      return answer(request, response);
    });
    const readers = times(3, () => new AbortController());
    await Promise.all(readers.map(({ signal }) => sendTo(api, world.larder, t.name, { signal })));
    for (const reader of readers) reader.abort();
    await within(20_000, 'upstream sees its connection closed', gone.passed);
    gate.open();

    world.upstream.reset();
    assert.equal(await (await sendTo(api, world.larder, t.name)).text(), transcript());
  });
}

for (const api of kApis.filter(({ name }) => ['chat', 'responses', 'messages'].includes(name))) {
  test(`${kReaders} identical questions at once are one upstream call (${api.name})`, limits, async (t) => {
    const gate = closedGate();
    world.upstream.misbehave(answerOf(api, { hold: gate.passed }));
    const calls = times(kReaders, () => sendTo(api, world.larder, t.name).then((response) => response.text()));
    await world.upstream.until('the leader', () => upstreamCalls() > 0);
    gate.open();
    const texts = await Promise.all(calls);
    assert.equal(upstreamCalls(), 1);
    for (const text of texts) assert.equal(text, texts[0]);
  });

  test(`the first asker's client is killed and the others are answered by the one call (${api.name})`, limits,
       async (t) => {
    const gate = closedGate();
    world.upstream.misbehave(answerOf(api, { hold: gate.passed }));
    const { port } = new URL(world.larder.origin);
    const first = http.request({ port, host: '127.0.0.1', method: 'POST', path: api.path(), agent: false,
                                 headers: { ...api.credentialOf('sk-alice'), 'content-type': 'application/json' } });
    first.on('error', () => {});  // of the socket that is destroyed below
    first.end(JSON.stringify(api.bodyOf(t.name)));
    await world.upstream.until('the leader', () => upstreamCalls() > 0);
    const calls = times(kReaders - 1, () => sendTo(api, world.larder, t.name).then((response) => response.text()));
    const killed = new Promise((resolve) => { first.on('close', resolve); });
    first.destroy();
    await killed;
    gate.open();
    const texts = await Promise.all(calls);
    assert.equal(upstreamCalls(), 1);
    for (const text of texts) assert.ok(text.length > 0 && text === texts[0]);
  });

  test(`followers of an upstream error are told an error each, and nothing is stored (${api.name})`, limits,
       async (t) => {
    const gate = closedGate();
    world.upstream.misbehave(async (request, response) => {
      await gate.passed;
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    });
    const calls = times(5, () => sendTo(api, world.larder, t.name));
    await world.upstream.until('the leader', () => upstreamCalls() > 0);
    gate.open();
    for (const { status } of await Promise.all(calls)) assert.equal(status, 500);
    world.upstream.reset();
    assert.equal((await sendTo(api, world.larder, t.name)).status, 200);
  });
}

test('a reader that does not read holds nobody up', limits, async (t) => {
  const words = times(400, (i) => `${i} ${'word '.repeat(2000)}`);  // 4 MB: more than any window
  const chunk = (choice) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm',
                                                      choices: [{ index: 0, ...choice }] })}\n\n`;
  const events = [...words.map((content) => chunk({ delta: { content }, finish_reason: null })),
                  chunk({ delta: {}, finish_reason: 'stop' }), 'data: [DONE]\n\n'];
  const gate = closedGate();
  world.upstream.misbehave((request, response) =>
    sendStream(request, response, events, { holdAfter: 1, hold: gate.passed, pieceBytes: 65_536 }));
  const [chat] = kStreams;

  const unread = await askByHand(chat, t.name);
  unread.pause();
  const heads = await Promise.all(times(3, () => sendTo(chat, world.larder, t.name)));
  gate.open();
  for (const response of heads) assert.equal(await response.text(), events.join(''));
  assert.equal(upstreamCalls(), 1);

  // And what it reads in the end is whole.
  const late = [];
  for await (const bytes of unread) late.push(bytes);
  assert.equal(Buffer.concat(late).toString(), events.join(''));
});
