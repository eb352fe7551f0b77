// The search playground: what a search finds, and whether an exact one finds the same.

import { useEffect, useState } from 'preact/hooks';
import type { Match } from '../data/contract';
import { count, counted, millis, percent } from '../data/format';
import { compare, search, wordsOfFailure } from '../data/search';
import type { Compared, Found } from '../data/search';
import { Card } from '../parts/card';
import type { Page } from '../parts/context';
import { Check, Field } from '../parts/field';
import { defaultModel } from './overview';

type Shown = (Match & { foundBy?: Compared['foundBy'] })[];

function Result({ match: { score, text, id, metadata, foundBy } }: { match: Shown[number] }) {
  return (
    <li class={foundBy && foundBy !== 'both' ? 'odd' : undefined}>
      <div class="score"><progress max="1" value={Math.min(1, Math.max(0, score))} aria-hidden="true" />
        <b>{score.toFixed(3)}</b></div>
      <div>
        {foundBy && foundBy !== 'both' &&
          <span class={`badge ${foundBy === 'exact' ? 'miss' : 'bypass'}`}>{foundBy === 'exact' ? 'exact only' : 'search only'}</span>}
        <div class="text">{text ?? `(no text) ${id}`}</div>
        {metadata != null && Object.keys(metadata).length > 0 && <div class="path soft">{JSON.stringify(metadata)}</div>}
      </div>
    </li>
  );
}

function summaryOf(found: Found, exact: Found | null, shown: number): string {
  if (found.matches.length === 0 && !exact?.matches.length) {
    return 'Nothing found. Search sees only texts that were embedded with this model and this API key.';
  }
  const first = `${count(found.matches.length)} nearest, in ${millis(found.tookMs)}`;
  const cut = shown < found.matches.length && !exact ? `; ${count(shown)} of them at or above the cut` : '';
  if (!exact) return `${first}${cut}.`;
  const { recall } = compare(found.matches, exact.matches);
  return `${first}; exactly: in ${millis(exact.tookMs)}. Recall ${percent(recall)}: the search found ` +
    `${count(Math.round((recall ?? 0) * exact.matches.length))} of the ${counted(exact.matches.length, 'nearest', 'nearest')}.`;
}

export function Search({ stats }: Page) {
  const [query, setQuery] = useState('');
  const [model, setModel] = useState(defaultModel(stats.data));
  const [touched, setTouched] = useState(false);
  const [collection, setCollection] = useState('');
  const [topK, setTopK] = useState('10');
  const [minimum, setMinimum] = useState(-1);
  const [exactToo, setExactToo] = useState(false);
  const [apiKey, setApiKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const [found, setFound] = useState<Found | null>(null);
  const [exact, setExact] = useState<Found | null>(null);
  useEffect(() => {
    if (!touched && model === '') setModel(defaultModel(stats.data));
  }, [stats.data]);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError('');
    try {
      const form = { query, model: model.trim(), collection: collection.trim(), topK: Number(topK) || 10 };
      const first = await search(form, apiKey.trim(), false);
      const second = exactToo ? await search(form, apiKey.trim(), true) : null;
      setFound(first);
      setExact(second);
    } catch (failure) {
      setFound(null);
      setExact(null);
      setError(wordsOfFailure(failure));
    } finally {
      setBusy(false);
    }
  };
  const all: Shown = !found ? [] : exact ? compare(found.matches, exact.matches).rows : found.matches;
  const shown = all.filter(({ score }) => minimum <= -1 || score >= minimum);
  return (
    <Card id="search" title="Search what was embedded">
      <form id="search-form" class="fields" onSubmit={submit}>
        <Field id="query" label="Query" type="search" required wide value={query} onValue={setQuery}
               placeholder="What are you looking for?" />
        <Field id="model" label="Embedding model" value={model} onValue={(value) => { setTouched(true); setModel(value); }} />
        <Field id="collection" label="Collection (none: the embedded texts)" value={collection} onValue={setCollection} />
        <Field id="key" label="API key, if your clients send one" type="password" value={apiKey} onValue={setApiKey} />
        <Field id="top-k" label="How many" type="number" min="1" max="1000" value={topK} onValue={setTopK} />
        <p>
          <label for="min-score">Least score: <output for="min-score">{minimum <= -1 ? 'any' : minimum.toFixed(2)}</output></label>
          <input id="min-score" type="range" min="-1" max="1" step="0.01" value={minimum}
                 onInput={(event) => setMinimum(Number(event.currentTarget.value))} />
        </p>
        <Check id="exact" checked={exactToo} onChecked={setExactToo}>Compare with an exact search</Check>
        <p class="go"><button class="primary" type="submit" disabled={busy}>Search</button></p>
      </form>
      <p id="search-state" class={error ? 'trouble-text' : 'soft'} role="status">
        {error || (busy ? 'Searching…' : found ? summaryOf(found, exact, shown.length) :
          'It finds texts that were embedded through Larder with the same model and the same API key.')}
      </p>
      {shown.length > 0 && <ol id="results" class="results">{shown.map((match) => <Result match={match} key={match.id} />)}</ol>}
    </Card>
  );
}
