// Follows the requests as they finish; comes back where it was when the connection breaks.

import { useEffect, useRef, useState } from 'preact/hooks';
import { NotAvailable, open, queryOf } from './api';
import type { RequestEvent } from './contract';
import { readEvents } from './sse';

export const kMostRows = 500;
const kFirstRetryMs = 500;
const kSlowestRetryMs = 15_000;

export interface Tail {
  state: 'connecting' | 'live' | 'lost' | 'absent';
  error: string;
  rows: RequestEvent[];  // the newest first
  waiting: number;       // how many came while it was paused
  dropped: number;       // how many the server left out, for this page was too slow
}

function merged(fresh: RequestEvent[], rows: RequestEvent[]): RequestEvent[] {
  const known = new Set(rows.map(({ seq }) => seq));
  return [...fresh.filter(({ seq }) => !known.has(seq)).reverse(), ...rows].slice(0, kMostRows);
}

export function useTail(filters: Record<string, string>, paused: boolean): Tail {
  const [tail, setTail] = useState<Tail>({ state: 'connecting', error: '', rows: [], waiting: 0, dropped: 0 });
  const isPaused = useRef(paused);
  isPaused.current = paused;
  const held = useRef<RequestEvent[]>([]);
  const query = queryOf({ recent: 100, ...filters });
  const show = useRef(() => {});

  useEffect(() => {
    const ended = new AbortController();
    let lastId = '';
    let timer = 0;
    let frame = 0;
    let failures = 0;
    let dropped = 0;
    held.current = [];
    setTail({ state: 'connecting', error: '', rows: [], waiting: 0, dropped: 0 });
    // Many events at once are one drawing.
    show.current = () => {
      frame = 0;
      if (ended.signal.aborted) return;
      if (isPaused.current) {
        setTail((before) => ({ ...before, waiting: held.current.length, dropped }));
        return;
      }
      const fresh = held.current;
      held.current = [];
      setTail((before) => ({ ...before, rows: merged(fresh, before.rows), waiting: 0, dropped }));
    };
    const follow = async (): Promise<void> => {
      try {
        const stream = await open(`events?${query}`, ended.signal, lastId ? { 'Last-Event-ID': lastId } : {});
        failures = 0;
        setTail((before) => ({ ...before, state: 'live', error: '' }));
        await readEvents(stream, ({ event, data, id }) => {
          if (id) lastId = id;
          if (event === 'dropped') dropped += (JSON.parse(data) as { count: number }).count;
          if (event === 'request') held.current.push(JSON.parse(data) as RequestEvent);
          if (held.current.length > kMostRows) held.current.shift();
          frame ||= window.setTimeout(show.current, 50);
        });
        throw new Error('the stream ended');
      } catch (error) {
        if (ended.signal.aborted) return;
        const state = error instanceof NotAvailable ? 'absent' : 'lost';
        setTail((before) => ({ ...before, state, error: (error as Error).message }));
        if (state === 'absent') return;
        timer = window.setTimeout(follow, Math.min(kFirstRetryMs * 2 ** failures++, kSlowestRetryMs));
      }
    };
    void follow();
    return () => {
      ended.abort();
      clearTimeout(timer);
      clearTimeout(frame);
    };
  }, [query]);
  useEffect(() => { if (!paused) show.current(); }, [paused]);
  return tail;
}
