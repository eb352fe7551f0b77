// What the page says first: one sentence on how it goes, and what is wrong with what to do about it.

import { kRangeWords } from './address';
import type { Range } from './address';
import type { Readiness, Stats } from './contract';
import { bytes, count, duration, percent } from './format';

export type Level = 'idle' | 'ok' | 'warn' | 'bad';

export interface Problem {
  kind: string;
  level: 'warn' | 'bad';
  text: string;
  todo: string;
  share?: number;  // how far it is
}

// `kind` changes only when the situation does: a screen reader hears it then.
export interface Status {
  level: Level;
  kind: string;
  text: string;
  problems: Problem[];
}

const kNoProblems: Problem[] = [];

function failing({ requests, builtin }: Stats, when: string): Problem[] {
  if (requests.errors_5xx === 0 || requests.errors_5xx < requests.total * 0.05) return kNoProblems;
  return [{
    kind: 'errors', level: 'bad',
    text: `${count(requests.errors_5xx)} of ${count(requests.total)} requests in ${when} failed.`,
    todo: builtin ? 'The log says why; the live tail shows them as they come.' :
      'Is the upstream reachable, and is its key right? The live tail shows them as they come; the log says why.',
  }];
}

function disk({ disk: state, store }: Stats): Problem[] {
  const problems: Problem[] = [];
  if (state?.state === 'full') {
    problems.push({
      kind: 'disk-full', level: 'bad',
      text: state.message || `The disk is full: ${bytes(state.free_bytes)} are free. Nothing new is kept.`,
      todo: 'Free space on that disk, purge entries that are not needed, or move the data directory (data_dir).',
    });
  } else if (state?.state === 'warning') {
    problems.push({
      kind: 'disk-warning', level: 'warn',
      text: state.message || `The disk gets full: ${bytes(state.free_bytes)} are free.`,
      todo: `Below ${bytes(state.min_free_bytes)} (cache.store.min_free_bytes) nothing new is kept. ` +
        'Free space, or purge entries that are not needed.',
    });
  }
  if (store.failures > 0) {
    problems.push({
      kind: 'disk-failures', level: 'warn',
      text: `The disk has refused ${count(store.failures)} reads or writes since the start.`,
      todo: 'Requests are answered all the same, but not all of it is kept. The log names the error.',
    });
  }
  return problems;
}

function databases({ databases: all }: Stats): Problem[] {
  return (['cache', 'data'] as const).filter((name) => all && all[name].state !== 'ok').map((name) => ({
    kind: name, level: 'bad', text: all![name].message, todo: 'Requests are served. The log says more.',
  }));
}

function loading({ index, collections, store }: Stats, ready: Readiness | null): Problem[] {
  const problems: Problem[] = [];
  if (!index.ready) {
    const all = Math.max(store.embeddings.entries, index.vectors);
    const share = ready?.index_percent !== undefined ? ready.index_percent / 100 : all === 0 ? 0 : index.vectors / all;
    problems.push({
      kind: 'rebuilding', level: 'warn', share, text: `The search index is being rebuilt: ${percent(share)} done.`,
      todo: 'Requests are served meanwhile; searches do not find everything yet. There is nothing to do.',
    });
  }
  if (ready?.collections === 'unusable') {
    problems.push({
      kind: 'collections-unusable', level: 'bad', text: 'The collections could not be opened.',
      todo: 'The log says why. Until that is cured and Larder restarted, requests for them are refused.',
    });
  } else if (collections.loading > 0 || ready?.collections === 'loading') {
    const share = (ready?.collections_percent ?? 0) / 100;
    problems.push({
      kind: 'collections-loading', level: 'warn', share,
      text: `${count(collections.loading)} of ${count(collections.count)} collections still load: ${percent(share)} ` +
        'can be searched.',
      todo: 'Searches in those wait or find less until then. There is nothing to do.',
    });
  }
  return problems;
}

// `filtered`: the numbers are of a part of the requests only.
export function statusOf(stats: Stats, ready: Readiness | null, range: Range, filtered: boolean): Status {
  const when = kRangeWords[range];
  const { embeddings, responses } = stats;
  const answers = responses.hits + responses.misses + responses.stale + responses.request;
  const asked = embeddings.inputs + answers;
  const cached = embeddings.input_hits + responses.hits;
  const problems = [...failing(stats, when), ...disk(stats), ...databases(stats), ...loading(stats, ready)];
  const level: Level = problems.some((each) => each.level === 'bad') ? 'bad' : problems.length > 0 ? 'warn' : 'ok';
  const kinds = problems.map(({ kind }) => kind).join('+');
  const say = (kind: string, text: string): Status => ({ level, kind: `${kind} ${kinds}`, text, problems });
  if (asked === 0) {
    return say('idle', filtered ? `Nothing that these filters let through was asked in ${when}.` :
      stats.requests.total > 0 ? `Larder passed on what it was asked in ${when}; nothing of it can be cached.` :
        `Larder is ready. It was asked nothing in ${when}.`);
  }
  if (cached === 0) {
    return say('filling', `Larder is filling its cache: all that was asked in ${when} was new.`);
  }
  // Never one share of both: a batch of a thousand inputs is one request.
  const shares = [
    embeddings.inputs > 0 && `${percent(embeddings.input_hits / embeddings.inputs)} of the embedding inputs`,
    answers > 0 && `${percent(responses.hits / answers)} of the responses`,
  ].filter(Boolean).join(' and ');
  return say('answering', `Larder answered ${shares} from the cache in ${when}.`);
}

export function detailsOf(stats: Stats): string {
  const upstream = stats.builtin ? 'built-in stand-in' : stats.upstream;
  return `Upstream ${upstream} · up ${duration(stats.uptime_s)} · ${count(stats.connections)} ` +
    (stats.connections === 1 ? 'connection' : 'connections');
}
