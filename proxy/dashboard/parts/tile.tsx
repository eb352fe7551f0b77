import type { ComponentChildren } from 'preact';

export interface TileProps {
  id: string;
  title: string;
  figure: string;  // a number, perhaps with a unit ("12%", "3 ms"), which is set small
  note: ComponentChildren;
  share?: number | null;
  trouble?: boolean;
}

export function Tile({ id, title, figure, note, share, trouble }: TileProps) {
  const [, number, unit] = /^(.*?) ?(%|[µm]?s|min( \d+ s)?|h( \d+ min)?|days)?$/.exec(figure) ?? [];
  return (
    <article class="card tile" id={`tile-${id}`}>
      <h2>{title}</h2>
      <p class="figure">{number}{unit && unit !== '%' && '\u2009'}{unit && <small>{unit}</small>}</p>
      {share !== undefined && <progress max="1" value={share ?? 0} aria-hidden="true" />}
      <p class={trouble ? 'soft trouble' : 'soft'}>{note}</p>
    </article>
  );
}
