// Throws entries away: first it looks and says what would go, then it asks.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, wordsOf } from '../data/api';
import type { Purge, PurgeResult } from '../data/contract';
import { counted, millis } from '../data/format';
import { conditionsOf, foundWords, kEmptyPurge } from '../data/purge';
import type { PurgeForm } from '../data/purge';
import { Check, Choice, Field, kPartitionRule } from '../parts/field';

interface PurgeProps {
  begin: Partial<PurgeForm>;
  models: string[];
  partitions: string[];
 
  onClose: (changed: boolean) => void;
}

type Step = { name: 'ask' } | { name: 'busy' } | { name: 'looked'; purge: Purge; matched: number } |
  { name: 'done'; deleted: number; took: number };

export function PurgeDialog({ begin, models, partitions, onClose }: PurgeProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [form, setForm] = useState<PurgeForm>({ ...kEmptyPurge, ...begin });
  const [step, setStep] = useState<Step>({ name: 'ask' });
  const [error, setError] = useState('');
  const changed = useRef(false);
  useEffect(() => dialog.current?.showModal(), []);

  // What was looked at is no longer what is written: look again.
  const set = (change: Partial<PurgeForm>): void => {
    setForm((before) => ({ ...before, ...change }));
    setStep({ name: 'ask' });
    setError('');
  };
  const run = async (purge: Purge, dry: boolean): Promise<void> => {
    setStep({ name: 'busy' });
    setError('');
    try {
      const answer = await ask<PurgeResult>('purge', {
        method: 'POST', body: { ...purge, dry_run: dry }, timeoutMs: 600_000 });
      if (dry) return setStep({ name: 'looked', purge, matched: answer.matched });
      changed.current = true;
      setStep({ name: 'done', deleted: answer.deleted, took: answer.took_ms });
    } catch (failure) {
      setError(wordsOf(failure));
      setStep({ name: 'ask' });
    }
  };
  const conditions = conditionsOf(form);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (conditions === null) return setError('Give at least one condition, or tick “everything”.');
    void run(conditions, true);
  };
  return (
    <dialog ref={dialog} id="purge" aria-labelledby="purge-title" onClose={() => onClose(changed.current)}>
      <form onSubmit={submit}>
        <h2 id="purge-title">Purge entries</h2>
        <p class="soft">Every condition that is given must hold.</p>
        <div class="fields">
          <Choice id="purge-layer" label="Layer" value={form.layer} onValue={(layer) => set({ layer })}
                  options={[['', 'both'], ['embeddings', 'embeddings'], ['responses', 'responses']]} />
          <Field id="purge-model" label="Model" value={form.model} list={models} onValue={(model) => set({ model })} />
          <Field id="purge-partition" label="Key of the client" value={form.partition} list={partitions}
                 {...kPartitionRule}
                 onValue={(partition) => set({ partition })} />
          <Field id="purge-namespace" label="Namespace" value={form.namespace}
                 onValue={(namespace) => set({ namespace })} />
          <Field id="purge-prefix" label="Text or key begins with" value={form.prefix}
                 onValue={(prefix) => set({ prefix })} />
          <Field id="purge-input" label="Text is exactly" value={form.input} onValue={(input) => set({ input })} />
          <Field id="purge-key" label="Key of the entry" value={form.key} onValue={(key) => set({ key })} />
          <div class="pair">
            <Field id="purge-older" label="Older than" type="number" min="0" step="any" value={form.older}
                   onValue={(older) => set({ older })} />
            <Choice id="purge-unit" label="Unit" value={form.olderUnit} onValue={(olderUnit) => set({ olderUnit })}
                    options={[['60', 'minutes'], ['3600', 'hours'], ['86400', 'days']]} />
          </div>
          <Check id="purge-all" checked={form.all} onChecked={(all) => set({ all })}>
            Everything, when no condition is given
          </Check>
        </div>
        <div role="status" id="purge-state">
          {step.name === 'busy' && <p>Looking through the entries…</p>}
          {step.name === 'looked' && <p class="finding">{foundWords(step.matched, step.purge)}</p>}
          {step.name === 'done' &&
            <p class="finding">{counted(step.deleted, 'entry is', 'entries are')} gone, in {millis(step.took)}.</p>}
          {error && <p class="trouble-text">{error}</p>}
        </div>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>{step.name === 'done' ? 'Close' : 'Cancel'}</button>
          {step.name === 'looked' && step.matched > 0 ? (
            <button type="button" class="danger" id="purge-confirm" onClick={() => void run(step.purge, false)}>
              Delete {counted(step.matched, 'entry', 'entries')}
            </button>
          ) : step.name !== 'done' && (
            <button type="submit" class="primary" disabled={step.name === 'busy'}>See what would go</button>
          )}
        </div>
      </form>
    </dialog>
  );
}
