// What the page shows is in the address behind '#': "#tail?range=1h&model=m". So a view can be linked to.

import { useEffect, useState } from 'preact/hooks';

export const kViews = ['overview', 'misses', 'breakdown', 'tail', 'entries', 'search', 'explain', 'server'] as const;
export type View = (typeof kViews)[number];

export const kRanges = ['15m', '1h', '6h', '24h', '7d', '30d'] as const;
export type Range = (typeof kRanges)[number];

export interface Address {
  view: View;
  range: Range;
  paused: boolean;
  // Filters of every view.
  model: string;
  partition: string;
  route: string;
  // Of single views: outcome (tail); layer, q, namespace, key (entries); sort (breakdown).
  own: Record<string, string>;
}

export type Filter = 'model' | 'partition' | 'route';
export const kFilters: readonly Filter[] = ['model', 'partition', 'route'];

export function parseAddress(hash: string): Address {
  const [name = '', query = ''] = hash.replace(/^#/, '').split('?');
  const parameters = new URLSearchParams(query);
  const take = (key: string): string => {
    const value = parameters.get(key) ?? '';
    parameters.delete(key);
    return value;
  };
  // "#24h" is how the page's first version kept the range.
  const range = take('range') || name;
  return {
    view: kViews.find((view) => view === name) ?? 'overview',
    range: kRanges.find((each) => each === range) ?? '1h',
    paused: take('paused') === '1',
    model: take('model'), partition: take('partition'), route: take('route'),
    own: Object.fromEntries(parameters),
  };
}

export function hashOf(address: Address): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string): void => {
    if (value !== '') query.set(name, value);
  };
  if (address.range !== '1h') put('range', address.range);
  if (address.paused) put('paused', '1');
  for (const filter of kFilters) put(filter, address[filter]);
  for (const [name, value] of Object.entries(address.own)) put(name, value);
  const text = query.toString();
  return `#${address.view}${text ? `?${text}` : ''}`;
}

// Another view keeps the range and the filters, and nothing that was the old view's own.
export function hrefOf(address: Address, view: View, own: Record<string, string> = {}): string {
  return hashOf({ ...address, view, own });
}

export type Go = (change: Partial<Address>) => void;

// The address, and how to change it (without a step in the history: a view's link makes one).
export function useAddress(): [Address, Go] {
  const [address, setAddress] = useState(() => parseAddress(location.hash));
  useEffect(() => {
    const read = (): void => setAddress(parseAddress(location.hash));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  const go: Go = (change) => {
    const next = { ...parseAddress(location.hash), ...change };
    history.replaceState(null, '', hashOf(next));
    setAddress(next);
  };
  return [address, go];
}

// How often numbers of that range are asked for again.
export function pollMsOf(range: Range): number {
  return { '15m': 2000, '1h': 2000, '6h': 5000, '24h': 10_000, '7d': 30_000, '30d': 60_000 }[range];
}

export const kRangeNames: Record<Range, string> = {
  '15m': '15 min', '1h': '1 hour', '6h': '6 hours', '24h': '24 hours', '7d': '7 days', '30d': '30 days',
};
export const kRangeWords: Record<Range, string> = {
  '15m': 'the last 15 minutes', '1h': 'the last hour', '6h': 'the last 6 hours', '24h': 'the last 24 hours',
  '7d': 'the last 7 days', '30d': 'the last 30 days',
};
