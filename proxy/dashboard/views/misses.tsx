// Why requests miss.

import { hrefOf } from '../data/address';
import type { Address } from '../data/address';
import { causesOf, kBypassAdvice, kFieldAdvice } from '../data/advice';
import type { Stats } from '../data/contract';
import { kRangeWords } from '../data/address';
import { count, counted, percent } from '../data/format';
import { Card, Empty, NotOffered, WhenThere } from '../parts/card';
import type { Page } from '../parts/context';

function Reasons({ stats, address }: { stats: Stats; address: Address }) {
  const causes = causesOf(stats);
  if (!stats.miss_reasons) return <NotOffered what="why requests missed" />;
  if (causes.length === 0) {
    // A history from before reasons were kept has misses without one.
    const missed = (stats.by_route ?? []).some(({ misses }) => misses > 0);
    return <Empty>{missed ? 'Requests missed, but why was not kept.' :
      `No request missed in ${kRangeWords[address.range]}.`}</Empty>;
  }
  const all = causes.reduce((sum, { count: n }) => sum + n, 0);
  return (
    <>
      <p class="soft">{counted(all, 'request was', 'requests were')} no hit in {kRangeWords[address.range]}.</p>
      <ul class="causes">
        {causes.map(({ reason, name, count: n, share, advice }) => (
          <li key={reason} data-reason={reason}>
            <div class="cause"><h3>{name}</h3><span><b>{count(n)}</b> <span class="soft">{percent(share)}</span></span></div>
            <progress max="1" value={share} aria-label={`${name}: ${percent(share)}`} />
            {advice.map((sentence) => <p key={sentence}>{sentence}</p>)}
          </li>
        ))}
      </ul>
    </>
  );
}

function Tally({ id, title, head, table, advice, empty }: {
  id: string; title: string; head: string; table: Record<string, number> | undefined; advice: Record<string, string>;
  empty: string;
}) {
  const rows = Object.entries(table ?? {}).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  return (
    <Card id={id} title={title}>
      {table === undefined ? <NotOffered what="that" /> : rows.length === 0 ? <Empty>{empty}</Empty> : (
        <table>
          <thead><tr><th scope="col" class="text">{head}</th><th scope="col">Requests</th></tr></thead>
          <tbody>{rows.map(([name, n]) => (
            <tr key={name}>
              <th scope="row" class="text"><code>{name}</code>{advice[name] && <p class="soft">{advice[name]}</p>}</th>
              <td>{count(n)}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </Card>
  );
}

export function Misses({ stats, address }: Page) {
  return (
    <>
      <Card id="reasons" title="Why requests were no hits" note={<>
        Counted per request: a batch with one new input is a miss. To see them one by one: the{' '}
        <a href={hrefOf(address, 'tail', { outcome: 'miss' })}>live tail of misses</a>; for one request of yours:{' '}
        <a href={hrefOf(address, 'explain')}>Explain</a>.</>}>
        <WhenThere polled={stats} what="why requests missed">
          {(data) => <Reasons stats={data} address={address} />}
        </WhenThere>
      </Card>
      {stats.data && (
        <div class="columns">
          <Tally id="changed" title="The field that differed" head="Field" table={stats.data.changed_fields}
                 advice={kFieldAdvice} empty="No request was nearly like one that is kept." />
          <Tally id="bypassed" title="Why the cache was passed by" head="Detail" table={stats.data.bypass_details}
                 advice={kBypassAdvice} empty="No request passed by the cache." />
        </div>
      )}
    </>
  );
}
