// How it goes: a sentence, the key figures, traffic and latency over time.

import { useState } from 'preact/hooks';
import { queryOf } from '../data/api';
import type { Range } from '../data/address';
import type { Point, Stats, Timeseries } from '../data/contract';
import { count, millis, shortCount, timeWithSeconds } from '../data/format';
import { usePoll } from '../data/poll';
import { detailsOf } from '../data/status';
import type { Status } from '../data/status';
import { Card, WhenThere } from '../parts/card';
import { Chart } from '../parts/chart';
import type { Series } from '../parts/chart';
import type { Page } from '../parts/context';
import { CopyButton } from '../parts/copy';
import { Tiles } from './tiles';

// How many seconds a bar of the traffic chart stands for.
const kBarSeconds: Record<Range, number> =
  { '15m': 60, '1h': 60, '6h': 300, '24h': 900, '7d': 3600, '30d': 21_600 };

const kTraffic: [string, string, (point: Point) => number][] = [
  ['Embedding inputs, cached', 'embedding-hits', (p) => p.embedding_input_hits],
  ['Responses, cached', 'response-hits', (p) => p.response_hits],
  ['Forwarded', 'misses', (p) => p.embedding_inputs - p.embedding_input_hits + p.response_misses + p.response_stale +
    p.response_request],
  ['Passed through', 'bypass', (p) => p.bypass],
];

// Sums the points into bars of `seconds`, aligned to the clock.
function barsOf(points: Point[], seconds: number): { times: number[]; series: Series[]; errors: number[] } {
  const times: number[] = [];
  const errors: number[] = [];
  const series = kTraffic.map(([name, colour]): Series => ({ name, colour, values: [] }));
  for (const point of points) {
    const t = Math.floor(point.t / seconds) * seconds;
    if (times.at(-1) !== t) {
      times.push(t);
      errors.push(0);
      for (const { values } of series) values.push(0);
    }
    const last = times.length - 1;
    errors[last]! += point.errors;
    kTraffic.forEach(([, , value], i) => { series[i]!.values[last] = (series[i]!.values[last] ?? 0) + value(point); });
  }
  return { times, series, errors };
}

function unitOf(seconds: number): string {
  return seconds === 60 ? 'minute' : seconds < 3600 ? `${seconds / 60} minutes` :
    seconds === 3600 ? 'hour' : `${seconds / 3600} hours`;
}

function Traffic({ series: { points, step_s: step }, range }: { series: Timeseries; range: Range }) {
  const seconds = Math.max(step, kBarSeconds[range]);
  const { times, series, errors } = barsOf(points, seconds);
  return (
    <Card id="traffic" title="What was asked, by outcome"
          note={`embedding inputs and other requests per ${unitOf(seconds)}`}>
      <Chart label="Chart of outcomes over time" kind="bars" times={times} step={seconds} series={series}
             marks={{ name: 'Errors', values: errors }} format={count} axis={shortCount}
             empty="Nothing was asked in this time." />
    </Card>
  );
}

function LatencyCard({ series: { points, step_s: step } }: { series: Timeseries }) {
  const [log, setLog] = useState(true);
  if (points.every(({ hit_ms: hit, miss_ms: miss }) => hit === undefined && miss === undefined)) return null;
  const lines = (['hit', 'miss'] as const).flatMap((outcome) => (['p50', 'p95', 'p99'] as const).map((quantile): Series => ({
    name: `${outcome === 'hit' ? 'Hits' : 'Misses'} ${quantile}`,
    colour: outcome === 'hit' ? 'embedding-hits' : 'misses',
    values: points.map((point) => point[`${outcome}_ms`]?.[quantile] ?? null),
    ...(quantile === 'p50' ? {} : { dash: quantile === 'p95' ? [6, 4] : [2, 3] }),
  })));
  return (
    <Card id="latency" title="How long it took"
          note={`the median and the slowest of a request, per ${unitOf(step)}`}
          actions={<button type="button" class="small" aria-pressed={log} onClick={() => setLog(!log)}>
            Logarithmic
          </button>}>
      <Chart label="Chart of latency over time" kind="lines" times={points.map(({ t }) => t)} step={step}
             series={lines} log={log} format={millis} axis={millis} empty="Nothing was timed in this time." />
    </Card>
  );
}

export const defaultModel = (stats: Stats | null): string =>
  (stats === null ? '' : stats.builtin ? 'larder-hash-384' : 'text-embedding-3-small');

function Start({ stats }: { stats: Stats }) {
  const held = stats.store.embeddings.entries + stats.store.responses.entries + stats.memory.embeddings.entries +
    stats.memory.responses.entries;
  if (held > 0 || stats.requests.total > 0) return null;
  const base = `${location.origin}/v1`;
  const key = stats.builtin ? '' : " \\\n  -H \"Authorization: Bearer $OPENAI_API_KEY\"";
  const snippet = `curl -i ${base}/embeddings${key} \\\n  -H 'Content-Type: application/json' \\\n` +
    `  -d '{"model": "${defaultModel(stats)}", "input": "jam on the second shelf"}'`;
  return (
    <Card id="start" title="Send it something">
      <p>Give any OpenAI client the base URL <code>{base}</code>, or try this twice. The second answer comes
        from the cache.</p>
      <div class="snippet"><pre tabIndex={0}>{snippet}</pre><CopyButton text={snippet} what="the command" /></div>
    </Card>
  );
}

export function StatusLine({ status, stats, at }: { status: Status; stats: Stats | null; at: Date | null }) {
  return (
    <section class="status" aria-label="Status" data-level={status.level}>
      <span class="dot" aria-hidden="true" />
      <div>
        <p id="sentence">{status.text}</p>
        {status.problems.map(({ kind, level, text, todo, share }) => (
          <div class={`problem ${level}`} key={kind}>
            <p><strong>{text}</strong> {todo}</p>
            {share !== undefined && <progress max="1" value={share} aria-label={text} />}
          </div>
        ))}
        <p id="details" class="soft">{stats && `${detailsOf(stats)}${at ? ` · updated ${timeWithSeconds(at)}` : ''}`}</p>
      </div>
    </section>
  );
}

export function Overview({ address, stats, pollMs, status }: Page & { status: Status }) {
  const { range, model, partition, route } = address;
  const query = queryOf({ window: range, model, partition, route });
  const series = usePoll<Timeseries>(`timeseries?${query}`, pollMs);
  return (
    <>
      <StatusLine status={status} stats={stats.data} at={stats.at} />
      {stats.data?.builtin && (
        <p class="notice" id="builtin"><strong>Built-in stand-in.</strong> No provider is set up, so Larder answers from
          its own offline stand-in. It is good for trying things out, but it is no model. To use a real provider, set
          {' '}<code>OPENAI_API_KEY</code> or <code>--upstream URL</code> and restart.</p>
      )}
      {stats.data && <Start stats={stats.data} />}
      {stats.data && <div class={stats.state === 'lost' ? 'old' : undefined}><Tiles stats={stats.data} /></div>}
      <WhenThere polled={series} what="its history">
        {(data) => (
          <div class="stack">
            <Traffic series={data} range={range} />
            <LatencyCard series={data} />
          </div>
        )}
      </WhenThere>
    </>
  );
}
