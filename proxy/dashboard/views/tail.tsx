// The requests as they finish.

import { useState } from 'preact/hooks';
import { hrefOf } from '../data/address';
import { kOutcomes } from '../data/contract';
import type { RequestEvent } from '../data/contract';
import { bytes, count, counted, micros, timeWithSeconds } from '../data/format';
import { useTail } from '../data/tail';
import type { Tail as TailState } from '../data/tail';
import { Card, Empty, NotOffered } from '../parts/card';
import type { Page } from '../parts/context';
import { Facts } from '../parts/table';
import { Stages, Waterfall } from '../parts/waterfall';

const kOutcomeNames: Record<string, string> = {
  hit: 'Hit', miss: 'Miss', bypass: 'Bypass', stale: 'Stale', request: 'Asked fresh',
};

export function Outcome({ outcome }: { outcome: string }) {
  return <span class={`badge ${outcome}`}>{kOutcomeNames[outcome] ?? outcome}</span>;
}

function whyOf({ why, changed_field: field, reason }: RequestEvent): string {
  if (why === 'changed') return `changed: ${field}`;
  if (why === 'bypass' || why === 'uncacheable') return reason ? `${why}: ${reason}` : why;
  return why || reason;
}

function Details({ event, address }: { event: RequestEvent; address: Page['address'] }) {
  const { items, items_hit: hits } = event;
  const words = [event.stored && 'stored', event.collapsed && 'collapsed', !event.complete && 'not complete']
    .filter(Boolean).join(', ');
  return (
    <>
      <Stages event={event} />
      <Facts rows={[
        ['Request', `${event.method} ${event.path}`, 'path'],
        ['Request id', event.request_id, 'path'],
        ...(event.trace_id ? [['Trace', event.trace_id, 'path'] as [string, string, string]] : []),
        ['Key of the client', event.partition || '–', 'path'],
        ['Upstream', event.upstream || '–'],
        ...(items > 0 ? [['Inputs', `${count(hits)} of ${count(items)} from the cache`] as [string, string]] : []),
        ['Tokens', `${count(event.tokens_saved)} saved, ${count(event.tokens_billed)} billed`],
        ['Answer', `${bytes(event.bytes_out)}${words ? `, ${words}` : ''}`],
        ['Entry', event.key ? <a href={hrefOf(address, 'entries', { key: event.key })}>{event.key.slice(0, 16)}…</a> :
          'none'],
      ]} />
    </>
  );
}

function Row({ event, longest, address, isOpen, onToggle }: {
  event: RequestEvent; longest: number; address: Page['address']; isOpen: boolean; onToggle: () => void;
}) {
  const failed = event.status >= 400;
  return (
    <>
      <tr>
        <th scope="row" class="text">
          <button type="button" class="sort" aria-expanded={isOpen} onClick={onToggle}
                  aria-label={`Details of the request at ${timeWithSeconds(event.time_ms)}`}>
            <span class="arrow" aria-hidden="true">{isOpen ? '▾' : '▸'}</span>{timeWithSeconds(event.time_ms)}
          </button>
        </th>
        <td class="text"><Outcome outcome={event.outcome} />{event.items > 1 &&
          <span class="soft"> {count(event.items_hit)}/{count(event.items)}</span>}</td>
        <td class="text">{whyOf(event) || '–'}</td>
        <td class="text name">{event.model || '–'}</td>
        <td class="text">{event.route}</td>
        <td class={failed ? 'trouble' : undefined}>{event.status}</td>
        <td>{count(event.tokens_saved)} / {count(event.tokens_billed)}</td>
        <td>{micros(event.total_us)}</td>
        <td class="text"><Waterfall event={event} longest={longest} /></td>
      </tr>
      {isOpen && <tr class="details"><td colSpan={9} class="text"><Details event={event} address={address} /></td></tr>}
    </>
  );
}

function stateOf(tail: TailState, paused: boolean): string {
  if (tail.state === 'lost') return `The connection broke (${tail.error}). Coming back where it was.`;
  if (tail.state === 'connecting') return 'Connecting…';
  if (paused) return `Paused. ${counted(tail.waiting, 'request')} waiting.`;
  return `Live. ${counted(tail.rows.length, 'request')} shown, the newest first.` +
    (tail.dropped > 0 ? ` ${count(tail.dropped)} left out: they came faster than this page could take them.` : '');
}

export function Tail({ address, go }: Page) {
  const outcome = address.own['outcome'] ?? '';
  const { model, partition, route, paused } = address;
  const tail = useTail({ model, partition, route, outcome }, paused);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const toggle = (seq: number): void => {
    const next = new Set(opened);
    if (!next.delete(seq)) next.add(seq);
    setOpened(next);
  };
  if (tail.state === 'absent') {
    return <Card id="tail" title="Requests as they finish"><NotOffered what="its requests one by one" /></Card>;
  }
  const longest = tail.rows.reduce((most, { total_us: us }) => Math.max(most, us), 0);
  const choose = (
    <label class="compact">Outcome
      <select id="outcome" value={outcome} onChange={(event) =>
        go({ own: event.currentTarget.value ? { outcome: event.currentTarget.value } : {} })}>
        <option value="">any</option>
        {kOutcomes.map((each) => <option value={each} key={each}>{kOutcomeNames[each]?.toLowerCase()}</option>)}
      </select>
    </label>
  );
  return (
    <Card id="tail" title="Requests as they finish" actions={choose}
          note="Neither texts nor credentials are shown. Larder's own pages are left out.">
      <p id="tail-state" class={tail.state === 'lost' ? 'trouble-text' : 'soft'} role="status">{stateOf(tail, paused)}</p>
      {tail.rows.length === 0 ? <Empty>{tail.state === 'live' ? 'No request yet. They appear here as they finish.' :
        'Nothing to show yet.'}</Empty> : (
        <div class="scroll wide tall" role="region" aria-label="Requests" tabIndex={0}>
          <table class="tail">
            <thead>
              <tr><th scope="col" class="text">Finished</th><th scope="col" class="text">Outcome</th>
                <th scope="col" class="text">Why</th><th scope="col" class="text">Model</th>
                <th scope="col" class="text">Endpoint</th><th scope="col">Status</th>
                <th scope="col">Tokens saved / billed</th><th scope="col">Took</th>
                <th scope="col" class="text">Where the time went</th></tr>
            </thead>
            <tbody>
              {tail.rows.map((event) => (
                <Row key={event.seq} event={event} longest={longest} address={address} isOpen={opened.has(event.seq)}
                     onToggle={() => toggle(event.seq)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
