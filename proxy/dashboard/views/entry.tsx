// One entry: its text or answer, its dates, and its vector when that is asked for.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, NotAvailable, wordsOf } from '../data/api';
import type { Entry } from '../data/contract';
import { bytes, count, duration, fullTime } from '../data/format';
import { Card, Empty, Trouble } from '../parts/card';
import { CopyButton } from '../parts/copy';
import { Facts } from '../parts/table';

// The body of an answer, indented where it is JSON.
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function Sparkline({ values }: { values: number[] }) {
  const most = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  const step = 600 / Math.max(values.length, 1);
  const path = values.map((value, i) => `M${((i + 0.5) * step).toFixed(2)} 30V${(30 - 28 * value / most).toFixed(2)}`);
  return (
    <svg class="sparkline" viewBox="0 0 600 60" preserveAspectRatio="none" role="img"
         aria-label={`${count(values.length)} values between ${(-most).toPrecision(3)} and ${most.toPrecision(3)}`}>
      <path d={path.join('')} />
    </svg>
  );
}

function Vector({ id }: { id: string }) {
  const [values, setValues] = useState<number[] | null>(null);
  const [error, setError] = useState('');
  const load = async (): Promise<void> => {
    try {
      const entry = await ask<Entry>(`entries/${id}?vector=true`);
      setValues(entry.vector ?? []);
    } catch (failure) {
      setError(wordsOf(failure));
    }
  };
  if (error) return <Trouble>{error}</Trouble>;
  if (values === null) return <p><button type="button" class="small" onClick={load}>Show the vector</button></p>;
  return (
    <div class="vector">
      <Sparkline values={values} />
      <p class="path">{values.slice(0, 8).map((value) => value.toPrecision(4)).join(', ')}{values.length > 8 ? ', …' : ''}
        {' '}<CopyButton text={JSON.stringify(values)} what="the vector" /></p>
    </div>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <>
      <h3>{title} <CopyButton text={text} what={title.toLowerCase()} /></h3>
      <pre class="body" tabIndex={0} role="region" aria-label={title}>{text}</pre>
    </>
  );
}

function factsOf(entry: Entry): [string, string, string?][] {
  const tokens = [entry.prompt_tokens, entry.completion_tokens].filter((n) => n != null);
  return [
    ['Key', entry.key, 'path'],
    ['Model', entry.model + (entry.upstream_model && entry.upstream_model !== entry.model ?
      `, answered by ${entry.upstream_model}` : '')],
    ['Upstream', entry.upstream || '–'],
    ['Key of the client', entry.partition.slice(0, 8) || '–', 'path'],
    ['Namespace', entry.namespace || 'none'],
    ['Stored', `${fullTime(entry.stored_at)}, for ${duration(entry.lifetime_s)}`],
    ['Fresh', entry.fresh ? `for another ${duration(entry.ttl_s)}` : `no, since ${duration(-entry.ttl_s)}`],
    ['Size', bytes(entry.bytes)],
    entry.layer === 'embeddings' ?
      ['Vector', `${count(entry.dim ?? null)} dimensions${entry.query_only ? ', only searched with' : ''}`] :
      ['Answer', `${entry.endpoint}, ${entry.status}${entry.stream ? ', a stream' : ''}`],
    ['Tokens', tokens.length > 0 ? tokens.map((n) => count(n)).join(' + ') : '–'],
  ];
}

export function EntryView({ id, onClose, onDeleted }: {
  id: string; onClose: () => void; onDeleted: () => void;
}) {
  const [entry, setEntry] = useState<Entry | null>(null);
  const [error, setError] = useState('');
  const [sure, setSure] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const ended = new AbortController();
    ask<Entry>(`entries/${encodeURIComponent(id)}`, { signal: ended.signal }).then((found) => {
      setEntry(found);
      box.current?.scrollIntoView({ block: 'nearest' });
      box.current?.focus({ preventScroll: true });
    }, (failure: unknown) => {
      if (ended.signal.aborted) return;
      setError(failure instanceof NotAvailable ? 'There is no such entry; it may have been dropped.' : wordsOf(failure));
    });
    return () => ended.abort();
  }, [id]);
  const remove = async (): Promise<void> => {
    if (!sure) return setSure(true);
    try {
      await ask(`entries/${id}`, { method: 'DELETE' });
      onDeleted();
    } catch (failure) {
      if (failure instanceof NotAvailable) return onDeleted();  // gone already
      setError(wordsOf(failure));
    }
  };
  return (
    <div ref={box} tabIndex={-1} class="quiet-focus">
      <Card id="entry" title="One entry" actions={<>
        {entry && <button type="button" class={sure ? 'danger' : undefined} id="entry-delete" onClick={remove}>
          {sure ? 'Really delete it' : 'Delete'}</button>}
        <button type="button" id="entry-close" onClick={onClose}>Close</button>
      </>}>
        {error && <Trouble>{error}</Trouble>}
        {!entry && !error && <Empty>Asking Larder for the entry…</Empty>}
        {entry && (
          <>
            <Facts rows={factsOf(entry)} />
            {entry.layer === 'embeddings' ? (
              <>
                <Text title="Text" text={typeof entry.input === 'string' ? entry.input :
                  Array.isArray(entry.input) ? JSON.stringify(entry.input) : '(no text kept)'} />
                <Vector id={entry.key} />
              </>
            ) : (
              <>
                {(entry.fields?.length ?? 0) > 0 &&
                  <Text title="Header fields" text={entry.fields!.map(([name, value]) => `${name}: ${value}`).join('\n')} />}
                <Text title="Body" text={readable(entry.body ?? '')} />
              </>
            )}
          </>
        )}
      </Card>
    </div>
  );
}
