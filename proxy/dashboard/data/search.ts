// POST /v1/search, as any client would. The API key goes nowhere else.

import { messageOf } from './api';
import type { Match, SearchAnswer } from './contract';

export interface SearchForm {
  query: string;
  model: string;
  collection: string;
  topK: number;
}

export interface Found {
  matches: Match[];
  tookMs: number;
}

export async function search({ query, model, collection, topK }: SearchForm, apiKey: string, exact: boolean):
    Promise<Found> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (apiKey) headers['Authorization'] = `Bearer ${apiKey}`;
  const body: Record<string, unknown> = { query, top_k: topK };
  if (model) body['model'] = model;
  if (collection) body['collection'] = collection;
  if (exact) body['exact'] = true;
  const began = performance.now();
  const response = await fetch('/v1/search', {
    method: 'POST', headers, credentials: 'omit', signal: AbortSignal.timeout(30_000), body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await messageOf(response));
  const answer = await response.json() as SearchAnswer;
  return { matches: answer.data, tookMs: performance.now() - began };
}

export function wordsOfFailure(error: unknown): string {
  const { name, message } = error as Error;
  const what = name === 'TimeoutError' ? 'no answer within 30 s' :
    error instanceof TypeError ? 'Larder could not be reached' : message;
  return `That did not work: ${what}${what.endsWith('.') ? '' : '.'}`;
}

export interface Compared extends Match {
  foundBy: 'both' | 'search' | 'exact';
}

// Both lists as one, best first. Scores fall for similarities and rise for distances; the exact list says which.
export function compare(approximate: Match[], exact: Match[]): { rows: Compared[]; recall: number | null } {
  const inExact = new Set(exact.map(({ id }) => id));
  const inSearch = new Set(approximate.map(({ id }) => id));
  const rises = exact.length > 1 && exact[0]!.score < exact.at(-1)!.score;
  const rows: Compared[] = [
    ...approximate.map((match): Compared => ({ ...match, foundBy: inExact.has(match.id) ? 'both' : 'search' })),
    ...exact.filter(({ id }) => !inSearch.has(id)).map((match): Compared => ({ ...match, foundBy: 'exact' })),
  ].sort((a, b) => (rises ? a.score - b.score : b.score - a.score));
  const both = exact.filter(({ id }) => inSearch.has(id)).length;
  return { rows, recall: exact.length === 0 ? null : both / exact.length };
}
