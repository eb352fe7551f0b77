// A titled part of a view, and what stands in it while there is nothing to show.

import type { ComponentChildren } from 'preact';
import type { Polled } from '../data/poll';

interface CardProps {
  id: string;
  title: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Card({ id, title, note, actions, children }: CardProps) {
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`}>
      <div class="heading">
        <h2 id={`${id}-title`}>{title}</h2>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {note && <p class="soft note">{note}</p>}
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty-state soft">{children}</p>;
}

export function NotOffered({ what }: { what: string }) {
  return <Empty>Not available: this server does not tell {what}.</Empty>;
}

export function Trouble({ children }: { children: ComponentChildren }) {
  return <p class="trouble-text" role="alert">{children}</p>;
}

// The children, once there is data; else why there is none. Old data stays, with a word about its age.
export function WhenThere<T>({ polled, what, children }: {
  polled: Polled<T>; what: string; children: (data: T) => ComponentChildren;
}) {
  if (polled.state === 'absent') return <NotOffered what={what} />;
  if (polled.data === null) {
    return polled.state === 'lost' ?
      <Empty>Larder could not be asked for {what}: {polled.error}. Trying again.</Empty> :
      <Empty>Asking Larder for {what}…</Empty>;
  }
  return <div class={polled.state === 'lost' ? 'old' : undefined}>{children(polled.data)}</div>;
}
