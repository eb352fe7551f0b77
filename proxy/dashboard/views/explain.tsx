// What would become of a request: nothing is sent upstream, nothing changes.

import { useState } from 'preact/hooks';
import { ask, wordsOf } from '../data/api';
import { hrefOf } from '../data/address';
import type { Address } from '../data/address';
import type { Explained } from '../data/contract';
import { count, duration } from '../data/format';
import { Card, Trouble } from '../parts/card';
import type { Page } from '../parts/context';
import { CopyButton } from '../parts/copy';
import { Choice, Field } from '../parts/field';
import { Facts } from '../parts/table';
import { defaultModel } from './overview';
import { Outcome } from './tail';

const kPaths = ['/v1/embeddings', '/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/completions',
  '/v1/moderations'];

const kWould: Record<string, string> = {
  hit: 'It would be answered from the cache.',
  miss: 'It would go upstream, and its answer would be kept.',
  bypass: 'It would go upstream past the cache.',
  stale: 'There is an entry, too old to answer: it would go upstream.',
  request: 'The request itself asks for a fresh answer: it would go upstream.',
  refused: 'It would be refused.',
};

// "name: value" a line.
function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n').map((each) => each.trim()).filter(Boolean)) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`"${line}" is no header: write "name: value"`);
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function readable(canonical: string): string {
  try {
    return JSON.stringify(JSON.parse(canonical), null, 2);
  } catch {
    return canonical;
  }
}

function KeyLink({ id, address }: { id: string; address: Address }) {
  return <a href={hrefOf(address, 'entries', { key: id })}>{id.slice(0, 16)}…</a>;
}

function Nearest({ nearest, address }: { nearest: NonNullable<Explained['nearest']>; address: Address }) {
  return (
    <p class="finding" id="nearest">An entry differs only in <strong>{nearest.changed_field}</strong>: {' '}
      <KeyLink id={nearest.key} address={address} />. {nearest.detail}</p>
  );
}

function Inputs({ inputs, address }: { inputs: NonNullable<Explained['inputs']>; address: Address }) {
  if (inputs.length < 2) return null;
  return (
    <>
      <h3>Input by input</h3>
      <div class="scroll" role="region" aria-label="Input by input" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">Input</th><th scope="col" class="text">Would be</th>
            <th scope="col" class="text">Why</th><th scope="col" class="text">Entry</th></tr></thead>
          <tbody>{inputs.map(({ index, would, why, key, entry }) => (
            <tr key={index}><th scope="row">{count(index)}</th><td class="text"><Outcome outcome={would} /></td>
              <td class="text">{why || '–'}</td>
              <td class="text path">{entry ? <KeyLink id={key} address={address} /> : '–'}</td></tr>
          ))}</tbody>
        </table>
      </div>
    </>
  );
}

function Answer({ explained, address }: { explained: Explained; address: Address }) {
  const { would, why, detail, key, canonical, entry, nearest, inputs } = explained;
  const parts = Object.entries(explained.key_parts).filter(([, value]) => value !== '' && value != null);
  return (
    <Card id="explained" title="What would become of it">
      <p class="verdict"><Outcome outcome={would} /> <strong>{kWould[would] ?? would}</strong></p>
      <p>{detail}{why && !detail ? why : ''}</p>
      {nearest && <Nearest nearest={nearest} address={address} />}
      <Facts rows={[
        ['Endpoint', `${explained.route}, layer ${explained.layer}`],
        ['Why', why || '–'],
        ['Model', explained.model || '–'],
        ['Upstream', explained.upstream || '–'],
        ['Key of the client', explained.partition.slice(0, 8) || '–', 'path'],
        ['Namespace', explained.namespace || 'none'],
        ['Key', key ? entry ? <KeyLink id={key} address={address} /> : key : 'none', 'path'],
        ['Entry', entry ? entry.fresh ? `fresh for another ${duration(entry.ttl_s)}` : 'expired' : 'none'],
        ['Not in the key', explained.not_in_key.join(', ') || 'nothing of it', 'path'],
      ]} />
      {inputs && <Inputs inputs={inputs} address={address} />}
      {canonical !== null && (
        <details>
          <summary>What the key is made from</summary>
          <Facts rows={parts.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value), 'path'])} />
          <h3>Canonical form <CopyButton text={canonical} what="the canonical form" /></h3>
          <pre class="body" tabIndex={0} role="region" aria-label="Canonical form">{readable(canonical)}</pre>
        </details>
      )}
    </Card>
  );
}

export function Explain({ stats, address }: Page) {
  const [method, setMethod] = useState('POST');
  const [path, setPath] = useState('/v1/embeddings');
  const [body, setBody] = useState('');
  const [headers, setHeaders] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const [explained, setExplained] = useState<Explained | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError('');
    setExplained(null);
    try {
      let parsed: unknown = body;
      try {
        parsed = JSON.parse(body);
      } catch { /* as text: the server says what is wrong with it */ }
      const request = { method, path, headers: headersOf(headers), ...(body === '' ? {} : { body: parsed }) };
      setExplained(await ask<Explained>('explain', { method: 'POST', body: request }));
    } catch (failure) {
      setError(wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const example = `{"model": "${defaultModel(stats.data)}", "input": "jam on the second shelf"}`;
  return (
    <>
      <Card id="explain" title="Explain a request"
            note="Would it be a hit, and why not? Nothing is sent upstream, and nothing changes.">
        <form class="fields" id="explain-form" onSubmit={submit}>
          <Choice id="explain-method" label="Method" value={method} onValue={setMethod}
                  options={[['POST', 'POST'], ['GET', 'GET'], ['DELETE', 'DELETE']]} />
          <Field id="explain-path" label="Path" required value={path} list={kPaths} onValue={setPath} />
          <p class="wide">
            <label for="explain-body">Body</label>
            <textarea id="explain-body" rows={7} spellcheck={false} value={body} placeholder={example}
                      onInput={(event) => setBody(event.currentTarget.value)} />
          </p>
          <p class="wide">
            <label for="explain-headers">Headers, one a line (Authorization decides whose entries are looked at)</label>
            <textarea id="explain-headers" rows={2} spellcheck={false} value={headers}
                      placeholder="authorization: Bearer sk-..."
                      onInput={(event) => setHeaders(event.currentTarget.value)} />
          </p>
          <p class="go"><button class="primary" type="submit" disabled={busy}>Explain</button></p>
        </form>
        <div role="status">{busy && <p class="soft">Asking Larder…</p>}</div>
        {error && <Trouble>{error}</Trouble>}
      </Card>
      {explained && <Answer explained={explained} address={address} />}
    </>
  );
}
