// The key figures. Inputs and requests are never added up: a batch of a thousand inputs is one request.

import type { Latency, Stats } from '../data/contract';
import { count, counted, duration, millis, money, percent, shareOf } from '../data/format';
import { Tile } from '../parts/tile';

const nonBreaking = (text: string): string => text.replaceAll(' ', '\u00a0');

function latencyNote({ count: n, p95, p99 }: Latency): string {
  if (n === 0) return 'none timed yet';
  return `median (p50); p95\u00a0${nonBreaking(millis(p95))}, p99\u00a0${nonBreaking(millis(p99))}`;
}

function MoneyTile({ stats: { money: sums } }: { stats: Stats }) {
  if (!sums) return <Tile id="money" title="Money saved" figure="–" note="this server does not count it" share={0} />;
  const { currency, saved, spent, unpriced_tokens: unpriced, unpriced_models: models } = sums;
  const names = models.slice(0, 3).join(', ') + (models.length > 3 ? `, and ${models.length - 3} more` : '');
  return (
    <Tile id="money" title="Money saved" figure={money(saved, currency)} share={shareOf(saved, saved + spent)}
          note={<>
            {`${money(spent, currency)} spent`}
            {unpriced > 0 && <span class="hint">{`; without ${counted(unpriced, 'token')} of models without a price` +
              `${names ? `: ${names}` : ''} (set `}<code>prices</code>)</span>}
          </>} />
  );
}

export function Tiles({ stats }: { stats: Stats }) {
  const { embeddings, responses, requests, tokens, latency_ms: latency } = stats;
  const asked = responses.hits + responses.misses + responses.stale + responses.request;
  const errors = requests.errors_4xx + requests.errors_5xx;
  return (
    <section class="tiles" aria-label="Key figures">
      <Tile id="embeddings" title="Embedding inputs from cache" figure={percent(embeddings.hit_rate)}
            share={embeddings.hit_rate} note={embeddings.inputs === 0 ? 'no inputs yet' :
              `${count(embeddings.input_hits)} of ${counted(embeddings.inputs, 'input')}`} />
      <Tile id="responses" title="Responses from cache" figure={percent(responses.hit_rate)} share={responses.hit_rate}
            note={asked === 0 ? 'no requests yet' : `${count(responses.hits)} of ${counted(asked, 'request')}`} />
      <Tile id="tokens" title="Tokens saved" figure={count(tokens.saved)}
            share={shareOf(tokens.saved, tokens.saved + tokens.billed)} note={`${count(tokens.billed)} billed`} />
      <MoneyTile stats={stats} />
      <Tile id="requests" title="Requests" figure={count(requests.total)} trouble={requests.errors_5xx > 0}
            note={errors === 0 ? 'no errors' :
              `${count(requests.errors_4xx)} refused (4xx), ${count(requests.errors_5xx)} failed (5xx)`} />
      <Tile id="hit" title="A hit takes" figure={millis(latency.hit.p50)} note={latencyNote(latency.hit)} />
      <Tile id="miss" title="A miss takes" figure={millis(latency.miss.p50)} note={latencyNote(latency.miss) +
        (latency.overhead?.p50 != null ? `; Larder itself ${nonBreaking(millis(latency.overhead.p50))}` : '')} />
      <Tile id="time" title="Time saved"
            figure={stats.time_saved_s === undefined ? '–' : duration(stats.time_saved_s)}
            note={stats.time_saved_s === undefined ? 'this server does not count it' :
              'an estimate: what misses took upstream, less what the hits took'} />
    </section>
  );
}
