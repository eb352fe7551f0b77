// Several upstreams behind one Larder, as two official clients see them.
import './support/client.mjs';
import assert from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { clientOf, kPatienceMs, observe } from './support/client.mjs';
import { kReply } from './support/fake_chat.mjs';
import { errorAnswer, stormAnswer } from './support/fake_errors.mjs';
import { startFakeUpstream } from './support/fake_upstream.mjs';
import { startLarder } from './support/larder.mjs';
import { limits } from './support/setup.mjs';

const kReplyText = kReply.join('');
let main;
let claude;
let larder;
before(async () => {
  [main, claude] = [await startFakeUpstream(), await startFakeUpstream()];
  larder = await startLarder({
    upstream: main.url, env: { CLAUDE_KEY: 'sk-held-by-larder' },
    config: `[upstream]
max_retries = 2
retry_backoff_ms = 10
[[upstreams]]
name = "claude"
url = "${claude.url}"
models = ["claude-*", "fast"]
aliases = ["fast=claude-test"]
fallbacks = ["default"]
api_key_env = "CLAUDE_KEY"
api_key_header = "x-api-key"
[[cache.lifetimes]]
models = ["gpt-brief"]
lifetime_s = 90
[[cache.lifetimes]]
models = ["gpt-never"]
lifetime_s = 0
`,
  });
}, limits);
beforeEach(() => [main, claude].forEach((upstream) => upstream.reset()));
after(async () => {
  await main?.stop();
  await claude?.stop();
  await larder?.dispose();
}, limits);

const chat = (model, text) =>
  observe(clientOf(larder).chat.completions.create({ model, messages: [{ role: 'user', content: text }] }));
const message = (model, text) =>
  observe(new Anthropic({ apiKey: 'sk-mine', baseURL: larder.origin, maxRetries: 0, timeout: kPatienceMs })
    .messages.create({ model, max_tokens: 9, messages: [{ role: 'user', content: text }] }));

test('the model decides who is asked, and Cache-Status names them', limits, async (t) => {
  const asked = await message('claude-test', t.name);
  assert.match(asked.cache.detail, /upstream=claude/);
  assert.equal(claude.requests.length, 1);
  await chat('gpt-test', t.name);
  assert.equal(main.requests.length, 1);
});

test('a key that Larder holds goes in the place of the client\'s', limits, async (t) => {
  await message('claude-test', t.name);
  assert.equal(claude.requests[0].headers['x-api-key'], 'sk-held-by-larder');
  assert.ok(!JSON.stringify(claude.requests[0].headers).includes('sk-mine'));
  await chat('gpt-test', t.name);
  assert.equal(main.requests[0].headers.authorization, 'Bearer sk-alice');
});

test('an alias is renamed on its way and shares no entry with its target', limits, async (t) => {
  const { data } = await message('fast', t.name);
  assert.equal(claude.requests[0].json.model, 'claude-test');
  assert.equal(data.content[0].text, kReplyText);
  assert.equal((await message('fast', t.name)).cache.hit, true);
});

test('the fallback is asked when the first fails', limits, async (t) => {
  claude.misbehave(errorAnswer(503, 'overloaded'));
  const { data, cache } = await message('claude-test', t.name);
  assert.equal(data.content[0].text, kReplyText);
  assert.match(cache.detail, /upstream=default/);
  assert.ok(claude.requests.length >= 1);
  assert.equal(main.requests.length, 1);
  assert.equal(main.requests[0].headers['x-api-key'], 'sk-mine', 'the other\'s key is not for this one');
});

test('the fallback is not asked when the client is at fault', limits, async (t) => {
  claude.misbehave(errorAnswer(400, 'no'));
  await assert.rejects(message('claude-test', t.name), { status: 400 });
  assert.equal(main.requests.length, 0);
});

test('a short storm is ridden out by repeating', limits, async (t) => {
  main.misbehave(stormAnswer(2, errorAnswer(500, 'no'), (request, response) => {
    main.behave();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'chatcmpl-9', object: 'chat.completion', created: 1, model: 'm', choices: [
      { index: 0, message: { role: 'assistant', content: 'At last.' }, finish_reason: 'stop' }] }));
  }));
  assert.equal((await chat('gpt-test', t.name)).data.choices[0].message.content, 'At last.');
  assert.equal(main.requests.length, 3);
});

test('a storm that upstream says not to repeat in is passed on', limits, async (t) => {
  main.misbehave(errorAnswer(500, 'no', { headers: { 'x-should-retry': 'false' } }));
  await assert.rejects(chat('gpt-test', t.name), { status: 500 });
  assert.equal(main.requests.length, 1);
});

test('lifetimes are chosen by model', limits, async (t) => {
  await chat('gpt-brief', t.name);
  const brief = await chat('gpt-brief', t.name);
  assert.ok(brief.cache.hit && brief.cache.ttl <= 90, `ttl=${brief.cache.ttl}`);
  for (const round of [1, 2]) assert.equal((await chat('gpt-never', t.name)).cache.hit, undefined, `round ${round}`);
});
