// A table that can be sorted by each of its columns.

import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  name: string;
  label: string;
  // What it is sorted by, and what a CSV file holds.
  value: (row: Row) => string | number | boolean | null;
  show?: (row: Row) => ComponentChildren;
  text?: boolean;  // set to the left
}

// "requests" sorts downwards, "-requests" upwards.
export interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  sort: string;
  onSort: (sort: string) => void;
}

export function sorted<Row>(rows: Row[], columns: Column<Row>[], sort: string): Row[] {
  const upwards = sort.startsWith('-');
  const column = columns.find(({ name }) => name === sort.replace(/^-/, ''));
  if (!column) return rows;
  const compare = (a: Row, b: Row): number => {
    const [x, y] = [column.value(a), column.value(b)];
    if (x === y) return 0;
    if (x === null) return 1;  // what is not known comes last, either way
    if (y === null) return -1;
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : Number(y) - Number(x);
    return upwards ? -order : order;
  };
  return [...rows].sort(compare);
}

export function DataTable<Row>({ label, columns, rows, keyOf, sort, onSort }: TableProps<Row>) {
  const active = sort.replace(/^-/, '');
  const head = (column: Column<Row>) => {
    const on = column.name === active;
    const downwards = on && !sort.startsWith('-');
    // A text downwards is A to Z, a number largest first.
    const state = !on ? 'none' : downwards === (column.text ?? false) ? 'ascending' : 'descending';
    return (
      <th scope="col" class={column.text ? 'text' : undefined} aria-sort={state} key={column.name}>
        <button type="button" class="sort" onClick={() => onSort(downwards ? `-${column.name}` : column.name)}>
          {column.label}<span class="arrow" aria-hidden="true">{
            state === 'ascending' ? '▲' : state === 'descending' ? '▼' : '↕'}</span>
        </button>
      </th>
    );
  };
  return (
    <div class="scroll wide" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead><tr>{columns.map(head)}</tr></thead>
        <tbody>
          {sorted(rows, columns, sort).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, i) => {
                const content = column.show ? column.show(row) : column.value(row) ?? '–';
                const kind = column.text ? 'text' : undefined;
                return i === 0 ? <th scope="row" class={kind} key={column.name}>{content}</th> :
                  <td class={kind} key={column.name}>{content}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Names and values.
export function Facts({ rows }: { rows: [string, ComponentChildren, string?][] }) {
  return (
    <table class="facts">
      <tbody>
        {rows.map(([name, value, kind]) => (
          <tr key={name}><th scope="row">{name}</th><td class={kind}>{value}</td></tr>
        ))}
      </tbody>
    </table>
  );
}
