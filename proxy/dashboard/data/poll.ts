// Asks for one thing again and again, and says how that goes.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, NotAvailable } from './api';

// loading: not answered yet; live; lost: there is an older answer, or none, and the server does not give a new one;
// absent: the server has no such endpoint.
export interface Polled<T> {
  state: 'loading' | 'live' | 'lost' | 'absent';
  data: T | null;
  at: Date | null;
  error: string;
  again: () => void;
}

const kSlowestMs = 15_000;

// `path` null asks nothing. `everyMs` 0 asks once.
export function usePoll<T>(path: string | null, everyMs: number,
                           get: (path: string, signal: AbortSignal) => Promise<T> =
                             (to, signal) => ask<T>(to, { signal })): Polled<T> {
  const [result, setResult] = useState<Omit<Polled<T>, 'again'>>({ state: 'loading', data: null, at: null, error: '' });
  const now = useRef<() => void>(() => {});
  const asked = useRef<string | null>(null);
  useEffect(() => {
    if (path === null) return undefined;
    let timer = 0;
    let failures = 0;
    let current: AbortController | null = null;
    let ended = false;
    const schedule = (): void => {
      if (ended || everyMs === 0 || document.hidden) return;
      timer = window.setTimeout(poll, Math.max(everyMs, Math.min(everyMs * 2 ** Math.max(0, failures - 3), kSlowestMs)));
    };
    const poll = async (): Promise<void> => {
      clearTimeout(timer);
      current?.abort();
      const mine = current = new AbortController();
      asked.current = path;
      try {
        const data = await get(path, mine.signal);
        if (mine !== current || ended) return;
        failures = 0;
        setResult({ state: 'live', data, at: new Date(), error: '' });
      } catch (error) {
        if (mine !== current || ended) return;
        ++failures;
        const state = error instanceof NotAvailable ? 'absent' : 'lost';
        setResult((before) => ({ ...before, state, error: (error as Error).message }));
        if (state === 'absent') return;
      }
      schedule();
    };
    now.current = poll;
    const onVisible = (): void => {
      if (!document.hidden && everyMs > 0) void poll();
    };
    document.addEventListener('visibilitychange', onVisible);
    // Paused, but never asked for this: once.
    if (everyMs > 0 || asked.current !== path) void poll();
    return () => {
      ended = true;
      clearTimeout(timer);
      current?.abort();
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [path, everyMs]);
  return { ...result, again: () => now.current() };
}
