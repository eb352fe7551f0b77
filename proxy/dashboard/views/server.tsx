// The server: what it holds, how full it is, what it does beside answering, and how it is set up.

import { useState } from 'preact/hooks';
import { ask, wordsOf } from '../data/api';
import type { Size, Stats, Task } from '../data/contract';
import { bytes, count, duration, fullTime, timeWithSeconds } from '../data/format';
import { Card, NotOffered, WhenThere } from '../parts/card';
import type { Page } from '../parts/context';
import { Facts } from '../parts/table';
import { Configuration } from './configuration';

const kTaskNames: Record<string, string> = {
  expiry: 'Drops what has expired', eviction: 'Makes room', compaction: 'Gives space back to the disk',
  snapshot: 'Saves the search index', history: 'Saves the statistics',
};
const kRunnable: readonly string[] = ['expiry', 'eviction', 'compaction', 'snapshot'];

function Held({ stats: { memory, store } }: { stats: Stats }) {
  const rows: [string, Size][] = [
    ['Embeddings in memory', memory.embeddings], ['Embeddings on disk', store.embeddings],
    ['Responses in memory', memory.responses], ['Responses on disk', store.responses]];
  return (
    <Card id="held" title="What is held">
      <table>
        <thead><tr><td /><th scope="col">Entries</th><th scope="col">Size</th><th scope="col">Limit</th></tr></thead>
        <tbody>{rows.map(([name, { entries, bytes: used, limit_bytes: limit }]) => (
          <tr key={name}><th scope="row">{name}</th><td>{count(entries)}</td><td>{bytes(used)}</td>
            <td>{limit ? bytes(limit) : '–'}</td></tr>
        ))}</tbody>
      </table>
      <p class="soft">{count(memory.evictions)} left memory to make room; they are still on disk.</p>
    </Card>
  );
}

function DiskCard({ stats: { disk, store } }: { stats: Stats }) {
  const path: [string, string, string] = ['Data directory', store.path || 'none: in memory only', 'path'];
  if (!disk) return <Card id="disk" title="Disk"><Facts rows={[path]} /><NotOffered what="more of its disk" /></Card>;
  const limited = disk.limit_bytes > 0;
  const words = { ok: 'fine', warning: 'getting full', full: 'full: nothing new is kept' }[disk.state] ?? disk.state;
  return (
    <Card id="disk" title="Disk">
      {limited && <progress max={disk.limit_bytes} value={Math.min(disk.used_bytes, disk.limit_bytes)}
                            aria-label={`${bytes(disk.used_bytes)} of ${bytes(disk.limit_bytes)} used`} />}
      <Facts rows={[
        ['State', words, disk.state === 'ok' ? '' : 'trouble'],
        ['Used', limited ? `${bytes(disk.used_bytes)} of ${bytes(disk.limit_bytes)}` : `${bytes(disk.used_bytes)}, no limit`],
        ['Free on the disk', `${bytes(disk.free_bytes)} (stops at ${bytes(disk.min_free_bytes)})`],
        ['Evicted', `${count(disk.evicted_entries)} entries, ${bytes(disk.evicted_bytes)}`],
        path,
      ]} />
      {disk.message && <p class="finding">{disk.message}</p>}
    </Card>
  );
}

function indexWords({ index, store }: Stats): string {
  if (!index.ready) {
    const all = Math.max(store.embeddings.entries, index.vectors);
    return `Being rebuilt from disk: ${count(index.vectors)} of about ${count(all)}.`;
  }
  if (index.queued > 0) return `Up to date but for ${count(index.queued)} waiting.`;
  return index.vectors > 0 ? 'Up to date: every text embedded here can be searched.' :
    'Empty: texts appear here once they were embedded.';
}

function IndexCard({ stats }: { stats: Stats }) {
  const { index, collections } = stats;
  return (
    <Card id="index" title="Search" note={indexWords(stats)}>
      <Facts rows={[
        ['Vectors', count(index.vectors)], ['Memory', bytes(index.bytes)], ['Spaces', count(index.spaces)],
        ['Left out for want of memory', count(index.refused), index.refused > 0 ? 'trouble' : ''],
        ['Collections', collections.loading > 0 ?
          `${count(collections.count)}, ${count(collections.loading)} still loading` : count(collections.count)],
        ['Points of collections', count(collections.points)],
        ['Memory of collections', bytes(collections.bytes)],
      ]} />
    </Card>
  );
}

function ServerCard({ stats }: { stats: Stats }) {
  const { workers, requests, store } = stats;
  const trouble = (value: number): [string, string] => [count(value), value > 0 ? 'trouble' : ''];
  return (
    <Card id="server" title="Server">
      <Facts rows={[
        ['Version', stats.version], ['Upstream', stats.builtin ? 'built-in stand-in' : stats.upstream, 'path'],
        ['Started', `${fullTime(stats.started_at)}, ${duration(stats.uptime_s)} ago`],
        ['Connections', count(stats.connections)],
        ['Workers', `${count(workers.threads)}, ${count(workers.queued)} requests waiting`],
        ['Answers stored', count(requests.stored)], ['Calls collapsed', count(requests.collapsed)],
        ['Refused by the disk', ...trouble(store.failures)], ['Damaged records', ...trouble(store.corrupt_records)],
      ]} />
    </Card>
  );
}

const lastOf = ({ last_started_at: at, last_took_s: took }: Task): string =>
  (at === null ? 'not yet' : `${timeWithSeconds(at * 1000)}${took === null ? '' : `, ${duration(took)}`}`);

function Tasks({ tasks, now, onStarted }: {
  tasks: Task[]; now: number; onStarted: () => void;
}) {
  const [said, say] = useState('');
  const [busy, setBusy] = useState('');
  const run = async (task: string): Promise<void> => {
    setBusy(task);
    try {
      await ask('maintenance', { method: 'POST', body: { task } });
      say(`${task} is started.`);
      onStarted();
    } catch (failure) {
      say(wordsOf(failure));
    } finally {
      setBusy('');
    }
  };
  const nextOf = ({ running, next_at: next }: Task): string =>
    (running ? 'runs now' : next === null ? '–' : next <= now ? 'due' : `in ${duration(next - now)}`);
  return (
    <>
      <div class="scroll wide" role="region" aria-label="Maintenance" tabIndex={0}>
        <table>
          <thead><tr><th scope="col" class="text">Task</th><th scope="col" class="text">Last run</th>
            <th scope="col" class="text">What it did</th><th scope="col" class="text">Next</th><td /></tr></thead>
          <tbody>{tasks.map((task) => (
            <tr key={task.name} data-task={task.name}>
              <th scope="row" class="text"><code>{task.name}</code> <span class="soft">{kTaskNames[task.name]}</span></th>
              <td class="text">{lastOf(task)}</td><td class="text">{task.last_result || '–'}</td>
              <td class="text">{nextOf(task)}</td>
              <td>{kRunnable.includes(task.name) &&
                <button type="button" class="small" disabled={task.running || busy === task.name}
                        aria-label={`Run now: ${task.name}`} onClick={() => void run(task.name)}>Run now</button>}</td>
            </tr>
          ))}</tbody>
        </table>
      </div>
      <p id="task-state" role="status" class="soft">{said}</p>
    </>
  );
}

export function Server({ stats }: Page) {
  return (
    <>
      <WhenThere polled={stats} what="its state">
        {(data) => (
          <div class="stack">
            <div class="columns">
              <Held stats={data} /><DiskCard stats={data} /><IndexCard stats={data} /><ServerCard stats={data} />
            </div>
            <Card id="maintenance" title="Maintenance">
              {data.maintenance?.tasks.length ? <Tasks tasks={data.maintenance.tasks} now={data.now}
                                         onStarted={stats.again} /> :
                <NotOffered what="its tasks" />}
            </Card>
          </div>
        )}
      </WhenThere>
      <Configuration />
    </>
  );
}
