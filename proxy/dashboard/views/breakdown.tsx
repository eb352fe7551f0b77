// Who asks what: by model, by key, by endpoint.

import type { Address, Filter, Go } from '../data/address';
import type { BreakdownRow, Stats } from '../data/contract';
import { csvOf, download } from '../data/csv';
import type { Cell } from '../data/csv';
import { count, millis, money, percent, shareOf } from '../data/format';
import { Card, Empty, NotOffered, WhenThere } from '../parts/card';
import type { Page } from '../parts/context';
import { DataTable } from '../parts/table';
import type { Column } from '../parts/table';

const kTables: [Filter, 'by_model' | 'by_partition' | 'by_route', string, string][] = [
  ['model', 'by_model', 'By model', 'Model'],
  ['partition', 'by_partition', 'By key of the client', 'Key'],
  ['route', 'by_route', 'By endpoint', 'Endpoint'],
];

function priceOf({ saved, priced }: BreakdownRow, currency: string): string {
  return priced === false ? 'no price' : priced === null ? '–' : money(saved, currency);
}

function columnsOf(head: string, currency: string, pick: (row: BreakdownRow) => void): Column<BreakdownRow>[] {
  const hitShare = ({ hits, misses }: BreakdownRow): number | null => shareOf(hits, hits + misses);
  const inputShare = ({ input_hits: hits, inputs }: BreakdownRow): number | null => shareOf(hits, inputs);
  return [
    { name: 'name', label: head, text: true, value: ({ name }) => name, show: (row) => (
      row.name === '' || row.name === '(other)' ? <span class="soft">{row.name || '(none)'}</span> :
        <button type="button" class="link" onClick={() => pick(row)} aria-label={`Show only ${row.name}`}>{row.name}</button>
    ) },
    { name: 'requests', label: 'Requests', value: ({ requests }) => requests, show: ({ requests }) => count(requests) },
    { name: 'hit_share', label: 'Hits', value: hitShare, show: (row) => <span title={`${count(row.hits)} of ${count(row.hits + row.misses)} requests`}>{percent(hitShare(row))}</span> },
    { name: 'input_share', label: 'Inputs hit', value: inputShare, show: (row) => <span title={`${count(row.input_hits)} of ${count(row.inputs)} inputs`}>{percent(inputShare(row))}</span> },
    { name: 'bypass', label: 'Passed by', value: ({ bypass }) => bypass, show: ({ bypass }) => count(bypass) },
    { name: 'errors', label: 'Errors', value: ({ errors }) => errors,
      show: ({ errors }) => <span class={errors > 0 ? 'trouble' : undefined}>{count(errors)}</span> },
    { name: 'tokens_saved', label: 'Tokens saved', value: (row) => row.tokens_saved, show: (row) => count(row.tokens_saved) },
    { name: 'tokens_billed', label: 'Billed', value: (row) => row.tokens_billed, show: (row) => count(row.tokens_billed) },
    { name: 'saved', label: 'Saved', value: ({ saved }) => saved, show: (row) => priceOf(row, currency) },
    { name: 'hit_ms', label: 'Hit takes', value: (row) => row.hit_ms, show: (row) => millis(row.hit_ms) },
    { name: 'miss_ms', label: 'Miss takes', value: (row) => row.miss_ms, show: (row) => millis(row.miss_ms) },
  ];
}

// Every number of the rows, as it is.
function breakdownCsv(rows: BreakdownRow[], head: string, currency: string): string {
  const names: (keyof BreakdownRow)[] = ['requests', 'hits', 'misses', 'bypass', 'errors', 'inputs', 'input_hits',
    'tokens_billed', 'tokens_saved', 'spent', 'saved', 'priced', 'hit_ms', 'miss_ms'];
  const titles = names.map((name) => (name === 'spent' || name === 'saved' ? `${name}_${currency.toLowerCase()}` : name));
  return csvOf([[head.toLowerCase(), ...titles],
    ...rows.map((row): Cell[] => [row.name, ...names.map((name) => row[name])])]);
}

function Table({ stats, table: [filter, field, title, head], address, go }: {
  stats: Stats; table: (typeof kTables)[number]; address: Address; go: Go;
}) {
  const rows = stats[field];
  const currency = stats.money?.currency ?? 'USD';
  const sortName = `sort_${filter}`;
  const save = (): void => download(`larder-${field.replace('_', '-')}-${address.range}.csv`,
                                    breakdownCsv(rows ?? [], head, currency));
  return (
    <Card id={field} title={title}
          actions={rows && rows.length > 0 && <button type="button" class="small" onClick={save}
            aria-label={`Download as CSV: ${title}`}>CSV</button>}>
      {rows === undefined ? <NotOffered what="that" /> :
        rows.length === 0 ? <Empty>Nothing was asked in this time.</Empty> :
          <DataTable label={title} rows={rows} keyOf={({ name }) => name}
                     columns={columnsOf(head, currency, ({ name }) => go({ [filter]: name }))}
                     sort={address.own[sortName] ?? 'requests'}
                     onSort={(sort) => go({ own: { ...address.own, [sortName]: sort } })} />}
    </Card>
  );
}

export function Breakdown({ stats, address, go }: Page) {
  return (
    <WhenThere polled={stats} what="who asked what">
      {(data) => (
        <div class="stack">
          <p class="soft">A name shows only what belongs to it, in every view. Keys are shown by the first digits of
            their partition, never as they are.</p>
          {kTables.map((table) => <Table stats={data} table={table} address={address} go={go} key={table[0]} />)}
        </div>
      )}
    </WhenThere>
  );
}
