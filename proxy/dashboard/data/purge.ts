// What a purge would take, in conditions and in words.

import type { Purge } from './contract';
import { count, duration } from './format';

export interface PurgeForm {
  layer: string;
  model: string;
  partition: string;
  namespace: string;
  key: string;
  input: string;
  prefix: string;
  older: string;      // a number, or empty
  olderUnit: string;  // seconds in one
  all: boolean;
}

export const kEmptyPurge: PurgeForm = {
  layer: '', model: '', partition: '', namespace: '', key: '', input: '', prefix: '', older: '', olderUnit: '86400',
  all: false,
};

// null: nothing says what to take.
export function conditionsOf(form: PurgeForm): Purge | null {
  const purge: Purge = {};
  for (const name of ['model', 'partition', 'namespace', 'key', 'prefix', 'input'] as const) {
    if (form[name] !== '') purge[name] = form[name];
  }
  if (form.older.trim() !== '') purge.older_than_s = Math.round(Number(form.older) * Number(form.olderUnit));
  const conditions = Object.keys(purge).length + (form.layer === '' ? 0 : 1);
  if (form.layer !== '') purge.layer = form.layer;
  if (conditions === 0) {
    if (!form.all) return null;
    purge.all = true;
  }
  return purge;
}

// "embeddings of the model m that are older than 2 days"
export function wordsOfPurge(purge: Purge): string {
  const what = purge.layer === 'embeddings' ? 'embeddings' : purge.layer === 'responses' ? 'responses' :
    'embeddings and responses';
  const parts = [
    purge.model && `of the model ${purge.model}`,
    purge.partition && `of the key ${purge.partition.slice(0, 8)}`,
    purge.namespace && `in the namespace ${purge.namespace}`,
    purge.key && `with the key ${purge.key.slice(0, 16)}…`,
    purge.input && `of exactly the text “${purge.input.slice(0, 80)}”`,
    purge.prefix && `that begin with “${purge.prefix.slice(0, 80)}”`,
    purge.older_than_s !== undefined && `that are older than ${duration(purge.older_than_s)}`,
  ].filter(Boolean);
  return parts.length === 0 ? `all ${what}` : `${what} ${parts.join(', ')}`;
}

export function foundWords(matched: number, purge: Purge): string {
  return matched === 0 ? `Nothing would go: there are no ${wordsOfPurge(purge).replace(/^all /, '')}.` :
    `${count(matched)} ${matched === 1 ? 'entry' : 'entries'} would go: ${wordsOfPurge(purge)}. ` +
    'They cannot be brought back; what is asked again is billed again.';
}
