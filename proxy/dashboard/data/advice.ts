// Why requests were no hits, and what to do about it, fitted to the numbers.

import type { Reason, Stats } from './contract';
import { count, counted, percent } from './format';

export interface Cause {
  reason: Reason;
  name: string;
  count: number;
  share: number;
  advice: string[];
}

const kNames: Record<Reason, string> = {
  cold: 'Never asked before', expired: 'Expired', evicted: 'Evicted', purged: 'Purged',
  changed: 'Like one that is kept, but for one field', bypass: 'Told to skip the cache', uncacheable: 'Cannot be cached',
};

export const kFieldAdvice: Record<string, string> = {
  temperature: 'Requests differ only in temperature: settle on one value for the same task, and they share an answer.',
  top_p: 'Requests differ only in top_p: settle on one value for the same task.',
  seed: 'Requests differ only in seed: leave it out, or take always the same, unless other answers are wanted.',
  max_tokens: 'Requests differ only in max_tokens: round it to a few steps rather than compute it each time.',
  max_completion_tokens: 'Requests differ only in max_completion_tokens: round it to a few steps.',
  model: 'The same was asked of several models. Aliases ([[upstreams]]) can map names of one model to one.',
  tools: 'Requests differ only in tools: keep their order and their descriptions the same from call to call.',
  messages: 'Requests differ only in their messages. A date, a time or an id in the prompt makes each one new: move it ' +
    'out, or round it.',
  system: 'Requests differ only in the system prompt. A date or an id in it makes each one new: move it out.',
  instructions: 'Requests differ only in their instructions. A date or an id in them makes each one new: move it out.',
  input: 'Requests differ only in their input. A date or an id in it makes each one new: move it out.',
  credential: 'The same was asked with different keys, and keys do not share. Keys of one tenant do ' +
    '(larder keys create --tenant).',
  stream_options: 'Kept as a stream that tells no usage, and asked for with usage: ask for it always, or never.',
  namespace: 'The same was asked in different namespaces (x-larder-namespace), which do not share.',
  upstream: 'The same was asked of several upstreams, and each has entries of its own.',
  headers: 'A header that is part of the key differs (cache.key_headers): list only those that change the answer.',
  dimensions: 'The same texts were embedded with different dimensions: settle on one.',
};

export const kBypassAdvice: Record<string, string> = {
  'skip-cache': 'The client sends cf-aig-skip-cache: true. Leave that out where a kept answer is good enough.',
  'lifetime-rule': 'A rule in [[cache.lifetimes]] sets the lifetime to 0 for them.',
  sampled: 'cache.responses.sampled is false, so only requests with temperature 0 are cached.',
  conversation: 'The request refers to a conversation that upstream keeps: its answer depends on more than the request.',
  background: 'background: true: the answer comes later, under another request.',
  'prompt-template': 'The prompt is a template that upstream keeps and may change.',
  container: 'The request uses a container that upstream keeps.',
  'built-in-tool': 'Tools that upstream runs itself, such as a web search, may find something else each time.',
  'web-search': 'The model searches the web by itself, and may find something else each time.',
  method: 'Other methods and paths are passed through as they are.',
  'content-encoding': 'The request body is compressed, and is passed on unread. Send it plain to have it cached.',
  'invalid-request': 'The request could not be read as what its endpoint takes; upstream answers it.',
  mode: 'cache.mode is off or read-only.',
  'no-store': 'The client sends Cache-Control: no-store.',
};

function topOf(table: Record<string, number> | undefined): [string, number] | null {
  return Object.entries(table ?? {}).sort((a, b) => b[1] - a[1])[0] ?? null;
}

function changedAdvice(stats: Stats): string[] {
  const top = topOf(stats.changed_fields);
  if (!top) return ['A request much like it is kept. The live tail names the field in which they differ.'];
  const [field, n] = top;
  return [kFieldAdvice[field] ?? `${counted(n, 'request')} differ only in ${field} from one that is kept. ` +
    'If it does not change the answer, keep it the same.'];
}

function bypassAdvice(stats: Stats): string[] {
  const top = topOf(stats.bypass_details);
  if (!top) return ['The request itself, or a rule, keeps them from the cache.'];
  return [`Most of them (${count(top[1])}): ${top[0]}.`, ...(kBypassAdvice[top[0]] ? [kBypassAdvice[top[0]]!] : [])];
}

function adviceOf(reason: Reason, share: number, stats: Stats): string[] {
  switch (reason) {
    case 'cold':
      return share > 0.9 ?
        [`${percent(share)} is new. Either the cache is young, or hardly anything is asked twice: then it will not help.`,
          'Texts that are known beforehand can be embedded beforehand: larder warm.'] :
        ['The first time costs, the second does not. Texts that are known beforehand: larder warm.'];
    case 'expired':
      return ['It was kept, and its lifetime had passed. If an older answer is good enough, lengthen ' +
        'cache.responses.lifetime_s or cache.embeddings.lifetime_s, or set one by model in [[cache.lifetimes]].'];
    case 'evicted':
      return ['It was kept, and had to make room. A larger cache.store.max_bytes keeps more' +
        (stats.disk && stats.disk.limit_bytes > 0 ? '; see Server for how full it is.' : '.')];
    case 'purged': return ['Somebody threw it away. It comes back as it is asked again.'];
    case 'changed': return changedAdvice(stats);
    case 'bypass': return bypassAdvice(stats);
    case 'uncacheable':
      return ['Requests of this kind are never kept: other endpoints, or what depends on more than the request. The ' +
        'table below has their details.'];
  }
}

// The most frequent first; those without a request are left out.
export function causesOf(stats: Stats): Cause[] {
  const reasons = Object.entries(stats.miss_reasons ?? {}) as [Reason, number][];
  const all = reasons.reduce((sum, [, n]) => sum + n, 0);
  return reasons.filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]).map(([reason, n]) => ({
    reason, name: kNames[reason] ?? reason, count: n, share: n / all, advice: adviceOf(reason, n / all, stats),
  }));
}
