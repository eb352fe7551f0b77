// The cache browser: what is kept, entry by entry.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, NotAvailable, queryOf, wordsOf } from '../data/api';
import type { Address } from '../data/address';
import type { Entry, EntryPage } from '../data/contract';
import { bytes, count, duration } from '../data/format';
import { Card, Empty, NotOffered, Trouble } from '../parts/card';
import type { Page } from '../parts/context';
import { Choice, Field, kPartitionRule } from '../parts/field';
import { EntryView } from './entry';
import { PurgeDialog } from './purge_dialog';

const kPage = 50;
// One press of "More" asks at most so often while the answers are empty: a look through everything takes long.
const kMostCalls = 20;

export interface Query {
  layer: string;
  q: string;
  namespace: string;
  model: string;
  partition: string;
}

interface Listed {
  entries: Entry[];
  cursor: string | null;
  scanned: number;
  busy: boolean;
  error: unknown;
}
const kNothing: Listed = { entries: [], cursor: null, scanned: 0, busy: true, error: null };

function useEntries(query: Query, epoch: number): [Listed, () => void] {
  const [listed, setListed] = useState<Listed>(kNothing);
  const current = useRef<AbortController | null>(null);
  // Asks until a page is full, or it has looked long enough.
  const fetchPage = async (begin: Listed): Promise<void> => {
    current.current?.abort();
    const mine = current.current = new AbortController();
    let now: Listed = { ...begin, busy: true, error: null };
    setListed(now);
    const wanted = begin.entries.length + kPage;
    try {
      for (let calls = 0; calls < kMostCalls && now.entries.length < wanted; ++calls) {
        const path = `entries?${queryOf({ ...query, limit: wanted - now.entries.length, cursor: now.cursor ?? '' })}`;
        const page = await ask<EntryPage>(path, { signal: mine.signal, timeoutMs: 30_000 });
        now = { ...now, entries: [...now.entries, ...page.data], cursor: page.next_cursor,
                scanned: now.scanned + page.scanned };
        if (page.next_cursor === null) break;
        setListed(now);
      }
      setListed({ ...now, busy: false });
    } catch (error) {
      if (mine.signal.aborted) return;
      setListed({ ...now, busy: false, error });
    }
  };
  useEffect(() => {
    // Typing goes on: ask when it rests.
    const timer = setTimeout(() => void fetchPage(kNothing), 200);
    return () => {
      clearTimeout(timer);
      current.current?.abort();
    };
  }, [query.layer, query.q, query.namespace, query.model, query.partition, epoch]);
  return [listed, () => void fetchPage(listed)];
}

const wordsOfEntry = ({ layer, input, preview, kind }: Entry): string =>
  (layer === 'responses' ? preview : typeof input === 'string' ? input : kind === 'tokens' ? '(tokens)' : '') || '(no text kept)';

function EntryRow({ entry, onOpen }: { entry: Entry; onOpen: () => void }) {
  const { fresh, ttl_s: ttl, layer, dim, endpoint, model, bytes: size, input_truncated: cut } = entry;
  return (
    <tr>
      <th scope="row" class="text words">
        <button type="button" class="link" onClick={onOpen}>{wordsOfEntry(entry).slice(0, 160)}{cut ? '…' : ''}</button>
      </th>
      <td class="text name">{model || '–'}</td>
      <td class="text">{layer === 'embeddings' ? `${count(dim ?? null)} dim.` : endpoint}</td>
      <td>{bytes(size)}</td>
      <td class={fresh ? undefined : 'soft'}>{fresh ? duration(ttl) : 'expired'}</td>
    </tr>
  );
}

function stateWords({ entries, cursor, scanned, busy }: Listed): string {
  const found = `${count(entries.length)} found, looked at ${count(scanned)}`;
  return busy ? `Looking… ${found}.` : cursor === null ? `${found}: that is all.` : `${found}; there is more.`;
}

function List({ query, epoch, onOpen }: {
  query: Query; epoch: number; onOpen: (key: string) => void;
}) {
  const [listed, more] = useEntries(query, epoch);
  if (listed.error instanceof NotAvailable) return <NotOffered what="its entries" />;
  const { entries, cursor, busy, error } = listed;
  const filtered = query.q + query.namespace + query.model + query.partition !== '';
  return (
    <>
      <p id="entries-state" class="soft" role="status">{stateWords(listed)}</p>
      {error !== null && <Trouble>{wordsOf(error)}</Trouble>}
      {entries.length > 0 && (
        <div class="scroll wide tall" role="region" aria-label="Entries" tabIndex={0}>
          <table>
            <thead><tr><th scope="col" class="text">{query.layer === 'responses' ? 'Answer' : 'Text'}</th>
              <th scope="col" class="text">Model</th><th scope="col" class="text">Kind</th><th scope="col">Size</th>
              <th scope="col">Fresh for</th></tr></thead>
            <tbody>{entries.map((entry) => <EntryRow entry={entry} key={entry.key} onOpen={() => onOpen(entry.key)} />)}
            </tbody>
          </table>
        </div>
      )}
      {entries.length === 0 && !busy && cursor === null && error === null &&
        <Empty>{filtered ? 'No entry matches.' : 'Nothing is kept in this layer yet.'}</Empty>}
      {cursor !== null && <p class="buttons start"><button type="button" disabled={busy} onClick={more}>More</button></p>}
    </>
  );
}

function queryFrom({ own, model, partition }: Address): Query {
  const layer = own['layer'] === 'responses' ? 'responses' : 'embeddings';
  return { layer, q: own['q'] ?? '', namespace: own['namespace'] ?? '', model, partition };
}

export function Entries({ address, go, stats }: Page) {
  const [purging, setPurging] = useState(false);
  const [epoch, setEpoch] = useState(0);
  const query = queryFrom(address);
  const opened = address.own['key'] ?? '';
  const models = (stats.data?.by_model ?? []).map(({ name }) => name).filter((name) => !['', '(other)'].includes(name));
  const partitions = (stats.data?.by_partition ?? []).map(({ name }) => name).filter((name) => name !== '(other)');
  const set = (change: Record<string, string>): void => {
    const own = { ...address.own, ...change };
    for (const [name, value] of Object.entries(own)) if (value === '') delete own[name];
    go({ own });
  };
  const changed = (): void => setEpoch((n) => n + 1);
  return (
    <>
      {opened !== '' && <EntryView key={opened} id={opened} onClose={() => set({ key: '' })}
                                   onDeleted={() => { set({ key: '' }); changed(); }} />}
      <Card id="entries" title="What is kept"
            actions={<button type="button" id="open-purge" onClick={() => setPurging(true)}>Purge…</button>}>
        <div class="fields">
          <Choice id="layer" label="Layer" value={query.layer} onValue={(layer) => set({ layer })}
                  options={[['embeddings', 'embeddings'], ['responses', 'responses']]} />
          <Field id="q" label={query.layer === 'responses' ? 'In model, endpoint or answer; or a key' : 'In the text; or a key'}
                 type="search" value={query.q} onValue={(q) => set({ q })} />
          <Field id="entry-model" label="Model" value={query.model} list={models} whenDone
                 onValue={(model) => go({ model })} />
          <Field id="entry-partition" label="Key of the client" value={query.partition} list={partitions} whenDone
                 {...kPartitionRule}
                 onValue={(partition) => go({ partition })} />
          <Field id="entry-namespace" label="Namespace" value={query.namespace}
                 onValue={(namespace) => set({ namespace })} />
        </div>
        <List query={query} epoch={epoch} onOpen={(key) => set({ key })} />
      </Card>
      {purging && (
        <PurgeDialog models={models} partitions={partitions}
                     begin={{ model: query.model, partition: query.partition, namespace: query.namespace,
                              layer: address.own['layer'] ?? '' }}
                     onClose={(gone) => { setPurging(false); if (gone) changed(); }} />
      )}
    </>
  );
}
