// The head of the page: the views, the range, the filters, pause and colours.

import { useEffect, useState } from 'preact/hooks';
import { logOut, session } from '../data/api';
import { hrefOf, kFilters, kRangeNames, kRanges, kViews } from '../data/address';
import type { Address, Filter, Go, View } from '../data/address';
import { kThemes, readTheme, setTheme } from './theme';
import type { Theme } from './theme';

export const kViewNames: Record<View, string> = {
  overview: 'Overview', misses: 'Misses', breakdown: 'Breakdown', tail: 'Live tail', entries: 'Entries',
  search: 'Search', explain: 'Explain', server: 'Server',
};
// In these views the range means nothing.
const kTimeless: readonly View[] = ['tail', 'entries', 'search', 'explain'];
const kFilterNames: Record<Filter, string> = { model: 'model', partition: 'key', route: 'endpoint' };

function ThemeChoice() {
  const [theme, choose] = useState<Theme>(readTheme);
  return (
    <label class="compact"><span class="unseen">Colours</span>
      <select id="theme" value={theme} onChange={(event) => {
        const next = event.currentTarget.value as Theme;
        setTheme(next);
        choose(next);
      }}>
        {kThemes.map((each) => <option value={each} key={each}>{`${each[0]!.toUpperCase()}${each.slice(1)}`}</option>)}
      </select>
    </label>
  );
}

function Filters({ address, go }: { address: Address; go: Go }) {
  const set = kFilters.filter((filter) => address[filter] !== '');
  if (set.length === 0) return null;
  return (
    <div class="filters" role="group" aria-label="Filters">
      <span class="soft">Only</span>
      {set.map((filter) => (
        <button type="button" class="chip" key={filter} onClick={() => go({ [filter]: '' })}
                aria-label={`Remove the filter: ${kFilterNames[filter]} ${address[filter]}`}>
          {kFilterNames[filter]} <b>{address[filter]}</b> <span aria-hidden="true">×</span>
        </button>
      ))}
      {set.length > 1 &&
        <button type="button" class="chip" onClick={() => go({ model: '', partition: '', route: '' })}>Clear all</button>}
    </div>
  );
}

// The part behind '#' is the page's state, so the link must not go there.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

// There where a login let the reader in.
function LogOut() {
  const [shown, show] = useState(false);
  useEffect(() => { session().then(({ by }) => show(by === 'session'), () => {}); }, []);
  return shown ? <button id="log-out" type="button" onClick={() => void logOut()}>Log out</button> : null;
}

export function Top({ address, go, version }: { address: Address; go: Go; version: string }) {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the numbers</a>
      <header class="top">
        <h1><img src="icon.svg" alt="" width="28" height="28" />Larder</h1>
        <span id="version" class="soft">{version}</span>
        <div class="controls">
          {!kTimeless.includes(address.view) && (
            <fieldset class="segments">
              <legend class="unseen">Time range</legend>
              {kRanges.map((range) => (
                <label key={range}>
                  <input type="radio" name="range" value={range} checked={address.range === range}
                         onChange={() => go({ range })} />
                  <span>{kRangeNames[range]}</span>
                </label>
              ))}
            </fieldset>
          )}
          <button id="pause" type="button" aria-pressed={address.paused} onClick={() => go({ paused: !address.paused })}>
            Pause
          </button>
          <ThemeChoice />
          <LogOut />
        </div>
      </header>
      <nav aria-label="Views">
        {kViews.map((view) => (
          <a href={hrefOf(address, view)} key={view} aria-current={view === address.view ? 'page' : undefined}>
            {kViewNames[view]}
          </a>
        ))}
      </nav>
      <Filters address={address} go={go} />
    </>
  );
}
