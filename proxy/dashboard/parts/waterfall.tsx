// Where the time of one request went.

import type { RequestEvent } from '../data/contract';
import { micros } from '../data/format';

export interface Stage {
  name: string;
  colour: string;
  us: number;
}

// One after the other, together the whole time. What upstream took while the answer was being sent already counts as
// sending.
export function stagesOf(event: RequestEvent): Stage[] {
  const first = Math.min(event.first_byte_us || event.total_us, event.total_us);
  const parse = Math.min(event.parse_us, first);
  const lookup = Math.min(event.lookup_us, first - parse);
  const upstream = Math.min(event.upstream_us, first - parse - lookup);
  return [
    { name: 'parsing', colour: 'stage-parse', us: parse },
    { name: 'lookup', colour: 'stage-lookup', us: lookup },
    { name: 'upstream', colour: 'stage-upstream', us: upstream },
    { name: 'rest until the first byte', colour: 'stage-rest', us: first - parse - lookup - upstream },
    { name: 'sending', colour: 'stage-send', us: event.total_us - first },
  ];
}

// `longest`: what fills the width. Widths grow with the logarithm of the time, so that a hit's stages are seen beside
// a miss; within a bar the stages have their true shares.
export function Waterfall({ event, longest }: { event: RequestEvent; longest: number }) {
  const stages = stagesOf(event).filter(({ us }) => us > 0);
  const width = longest === 0 ? 0 : Math.max(4, 100 * Math.log1p(event.total_us / 20) / Math.log1p(longest / 20));
  return (
    <span class="waterfall" role="img" aria-label={stages.map(({ name, us }) => `${name} ${micros(us)}`).join(', ')}>
      <span class="bar" style={{ width: `${width}%` }}>
        {stages.map(({ name, colour, us }) => <i class={`key ${colour}`} key={name} style={{ flexGrow: us }} />)}
      </span>
    </span>
  );
}

export function Stages({ event }: { event: RequestEvent }) {
  return (
    <ul class="legend stages">
      {stagesOf(event).map(({ name, colour, us }) => (
        <li key={name}><i class={`key ${colour}`} />{name}&nbsp;<b>{micros(us)}</b></li>
      ))}
    </ul>
  );
}
