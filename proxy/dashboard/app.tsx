/*! Bundled with Preact, copyright (c) 2015-present Jason Miller, and uPlot, copyright (c) 2025 Leon Sorokin.
Both under the MIT License: Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: The
above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT,
TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE. */
// The page. It asks for stats the whole time and shows one view of them. States of the body: loading, live, lost (no
// answer).

import { render } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { queryOf } from './data/api';
import { pollMsOf, useAddress } from './data/address';
import type { Readiness, Stats } from './data/contract';
import { timeWithSeconds } from './data/format';
import { usePoll } from './data/poll';
import type { Polled } from './data/poll';
import { statusOf } from './data/status';
import type { Status } from './data/status';
import type { Page } from './parts/context';
import { readTheme, setTheme } from './parts/theme';
import { kViewNames, Top } from './parts/top';
import { Breakdown } from './views/breakdown';
import { Entries } from './views/entries';
import { Explain } from './views/explain';
import { Misses } from './views/misses';
import { Overview } from './views/overview';
import { Search } from './views/search';
import { Server } from './views/server';
import { Tail } from './views/tail';

// /readyz answers 503 while not ready, with the same words.
async function askReadiness(_: string, signal: AbortSignal): Promise<Readiness> {
  const response = await fetch('/readyz', { cache: 'no-store', signal });
  return await response.json() as Readiness;
}

function lostStatus({ error, data, at }: Polled<Stats>): Status {
  return {
    level: 'bad', kind: 'lost', problems: [],
    text: (error === 'Larder does not answer' || error === 'no answer in time' ?
      'Larder does not answer. Trying again.' : `Larder answers with an error: ${error}`) +
      (data && at ? ` The numbers below are of ${timeWithSeconds(at)}.` : ' There are no numbers yet.'),
  };
}

function currentStatus(stats: Polled<Stats>, ready: Readiness | null, { address }: Pick<Page, 'address'>): Status {
  if (stats.state === 'lost' || stats.state === 'absent') return lostStatus(stats);
  if (!stats.data) return { level: 'idle', kind: 'asking', text: 'Asking Larder…', problems: [] };
  const filtered = address.model + address.partition + address.route !== '';
  return statusOf(stats.data, ready, address.range, filtered);
}

function Views(page: Page & { status: Status }) {
  switch (page.address.view) {
    case 'overview': return <Overview {...page} />;
    case 'misses': return <Misses {...page} />;
    case 'breakdown': return <Breakdown {...page} />;
    case 'tail': return <Tail {...page} />;
    case 'entries': return <Entries {...page} />;
    case 'search': return <Search {...page} />;
    case 'explain': return <Explain {...page} />;
    case 'server': return <Server {...page} />;
  }
}

function Watching() {
  const [address, go] = useAddress();
  const { range, model, partition, route, paused, view } = address;
  const pollMs = paused ? 0 : pollMsOf(range);
  const stats = usePoll<Stats>(`stats?${queryOf({ window: range, model, partition, route })}`, pollMs);
  const stillLoads = stats.data !== null && (!stats.data.index.ready || stats.data.collections.loading > 0);
  const ready = usePoll<Readiness>(stillLoads ? '/readyz' : null, pollMs, askReadiness);
  const status = currentStatus(stats, stillLoads ? ready.data : null, { address });
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = view === 'overview' ? 'Larder' : `${kViewNames[view]} · Larder`;
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [view]);
  useEffect(() => { document.body.dataset['state'] = stats.state === 'absent' ? 'lost' : stats.state; }, [stats.state]);
  const bad = status.level === 'bad' || status.level === 'warn';
  return (
    <>
      <Top address={address} go={go} version={stats.data?.version ?? ''} />
      <Announcer status={status} />
      <main id="main" tabIndex={-1} ref={main}>
        {view !== 'overview' && <h2 class="unseen">{kViewNames[view]}</h2>}
        {view !== 'overview' && bad && (
          <p class={`banner ${status.level}`} id="banner">{status.problems[0]?.text ?? status.text}</p>
        )}
        <Views address={address} go={go} stats={stats} pollMs={pollMs} status={status} />
      </main>
      <footer class="soft">Numbers cover whole minutes, the current one included. Watching this page does not change
        them.</footer>
    </>
  );
}

// A screen reader hears the sentence only when the situation changes, not with every number.
function Announcer({ status }: { status: Status }) {
  const text = useMemo(() => status.text, [status.kind]);
  return <p id="announce" class="unseen" role="status">{text}</p>;
}

setTheme(readTheme());
render(<Watching />, document.getElementById('app')!);
