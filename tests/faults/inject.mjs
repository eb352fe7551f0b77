// System calls that fail under load, by strace: the server lives, answers rightly while they fail (or not at all, where
// the connection itself was hit), and everything is well right afterwards.
import path from 'node:path';
import { Expected, Report, upsert } from './support/world.mjs';
import { kServingLimitMs, Server, scratch } from './support/server.mjs';
import { canInject, inject } from './support/strace.mjs';
import { eventually } from '../clients/support/waiting.mjs';

// What fails, and how: `every` n-th call of one thread, n of them at most. `ours`: requests may be cut or refused, because
// what fails is their connection or their descriptor; else each is answered.
const kRows = [
  // Idle connections make room, which a client may meet just as it begins to use one.
  { call: 'accept4', error: 'EMFILE', cut: true },
  { call: 'accept4', error: 'ENFILE', cut: true },
  { call: 'accept4', error: 'ECONNABORTED' },
  { call: 'accept4', error: 'ENOBUFS' },
  { call: 'accept4', error: 'ENOMEM' },
  { call: 'accept4', error: 'EPERM' },
  { call: 'accept4', error: 'EINTR' },
  { call: 'sendto,sendmsg', error: 'ECONNRESET', cut: true },
  { call: 'sendto,sendmsg', error: 'EPIPE', cut: true },
  { call: 'sendto,sendmsg', error: 'ENOBUFS', cut: true },
  { call: 'sendto,sendmsg', error: 'EINTR', cut: true },
  { call: 'sendto,sendmsg', error: 'EAGAIN' },
  { call: 'recvfrom', error: 'ECONNRESET', cut: true },
  { call: 'recvfrom', error: 'EINTR' },
  { call: 'recvfrom', error: 'ENOMEM', cut: true },
  { call: 'epoll_wait', error: 'EINTR' },
  { call: 'epoll_wait', error: 'EINVAL' },
  { call: 'epoll_ctl', error: 'ENOSPC', cut: true },
  { call: 'epoll_ctl', error: 'ENOMEM', cut: true },
  { call: 'fdatasync,fsync', error: 'EIO', disk: true },
  { call: 'fdatasync,fsync', error: 'ENOSPC', disk: true },
  { call: 'write,pwrite64', error: 'ENOSPC', disk: true },
  { call: 'write,pwrite64', error: 'EIO', disk: true },
  { call: 'openat', error: 'EMFILE', disk: true },
  { call: 'openat', error: 'EIO', disk: true },
  { call: 'pread64', error: 'EIO', disk: true },
  { call: 'rename', error: 'EIO', disk: true },
  { call: 'fallocate,ftruncate', error: 'ENOSPC', disk: true },
  { call: 'clone3,clone', error: 'EAGAIN' },
  { call: 'mmap', error: 'ENOMEM', cut: true, disk: true },
];
const kEvery = 5;
const kInjectMs = 1500;
// Small buffers: tables are written and merged all the time.
const kSettings = `
[cache.store]
write_buffer_bytes = 1048576
[cache.embeddings]
memory_bytes = 1048576
`;

if (!canInject()) {
  console.log('inject: skipped: strace cannot be used here');
  process.exit(0);
}

async function row(fault, report, number) {
  const server = new Server(path.join(scratch('inject'), 'data'), { settings: kSettings });
  const expected = new Expected();
  const problems = [];
  let end = async () => {};
  let on = true;
  const seen = { right: 0, cut: 0, refused: 0, collections: 0, collectionsRefused: 0 };
  try {
    await server.start();
    await server.ask('PUT', '/v1/collections/docs', { dimensions: 32 });
    await expected.askAll(server);
    end = await inject(server, { ...fault, when: `2+${kEvery}` });
    const acknowledged = new Set();
    const workers = [0, 1, 2].map(async (worker) => {
      for (let i = 0; on; i++) {
        // A connection of its own each time, so that each is accepted.
        const texts = Array.from({ length: 16 }, (_, t) => `inject ${number} ${worker} ${i} ${t}`);
        const answer = await server.ask('POST', '/v1/embeddings', { model: 'larder-hash-384', input: texts },
                                        { timeout: 15_000, fresh: true }).catch(() => null);
        if (answer === null) seen.cut += 1;
        else if (answer.status === 200 && answer.json?.data?.length === 16) seen.right += 1;
        else if (answer.status >= 500 && answer.json?.error?.message) seen.refused += 1;
        else problems.push(`an odd answer: ${answer.status} ${answer.text.slice(0, 200)}`);
        const id = (worker * 37 + i) % 100;
        const written = await upsert(server, id, id + 1).catch(() => null);
        if (written?.status === 200) { seen.collections += 1; acknowledged.add(id); }
        else if (written?.status === 503 && written.json?.error?.message) seen.collectionsRefused += 1;
        else if (written !== null && !(written.status >= 500 && written.json?.error?.message)) {
          problems.push(`an odd answer to a write: ${written.status} ${written.text.slice(0, 200)}`);
        }
      }
    });
    await new Promise((resume) => setTimeout(resume, kInjectMs));
    on = false;
    await end();
    end = async () => {};
    await Promise.all(workers);
    if (!server.alive) throw new Error(`it died: ${JSON.stringify(server.ended)} ${server.stderr.slice(-1500)}`);
    if (seen.cut > 0 && !fault.cut) problems.push(`${seen.cut} requests without an answer`);
    if (seen.refused > 0 && !fault.cut && !fault.disk && fault.call !== 'clone3,clone' && fault.call !== 'accept4') {
      problems.push(`${seen.refused} requests refused`);
    }
    // Right afterwards: all is well, and new texts are kept.
    await server.becomes('all is well', (now) => now.status === 'ok' && now.cache === 'ok' && now.data === 'ok');
    await eventually(kServingLimitMs, 'it stores again', async () =>
      /stored(?!-)/.test((await server.embed([`afterwards ${number} ${Math.random()}`])).cache));
    const after = await expected.askAll(server);
    if (after.wrong + after.failed > 0) problems.push(`afterwards ${JSON.stringify(after)}`);
    const written = await upsert(server, 0, 1);
    if (written.status !== 200) problems.push(`a write afterwards: ${written.status} ${written.text}`);
    const missing = async () => (await server.ask('POST', '/v1/collections/docs/get',
                                                  { ids: [...acknowledged].map((id) => `p${id}`) })).json?.missing?.length ?? -1;
    let lost = acknowledged.size > 0 ? await missing() : 0;
    await server.kill();
    await server.start();
    if (acknowledged.size > 0) lost += await missing();
    if (lost !== 0) problems.push(`${lost} acknowledged points lost`);
    const again = await expected.askAll(server);
    if (again.wrong + again.failed > 0) problems.push(`after the restart ${JSON.stringify(again)}`);
    await server.stop();
  } catch (error) {
    on = false;
    problems.push(error.message.slice(0, 2000));
    await end();  // what is traced does not end before
    await server.kill();
  }
  report.row(`${fault.call} fails with ${fault.error}`, [...new Set(problems)].slice(0, 3).join('; '), JSON.stringify(seen));
}

const report = new Report(`system calls of which every ${kEvery}th of a thread fails, for ${kInjectMs} ms`);
const only = process.argv.find((word) => word.startsWith('--call='))?.slice(7);
const rows = only !== undefined ? kRows.filter(({ call }) => call.includes(only)) : process.argv.includes('--short') ? kRows.filter((_, i) => i % 6 === 0) : kRows;
for (const [number, fault] of rows.entries()) await row(fault, report, number);
report.end();
