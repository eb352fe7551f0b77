// What is in effect, and where it came from. It is changed in the file, not here.

import { useState } from 'preact/hooks';
import type { Setting } from '../data/contract';
import { usePoll } from '../data/poll';
import { Card, Empty, WhenThere } from '../parts/card';
import { Check, Field } from '../parts/field';

const textOf = (value: unknown): string =>
  (value === null || value === undefined || value === '' ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

function Row({ setting }: { setting: Setting }) {
  const { key, value, unit, description, origin } = setting;
  const isDefault = JSON.stringify(value) === JSON.stringify(setting.default);
  return (
    <tr class={isDefault ? undefined : 'set'}>
      <th scope="row" class="text"><code>{key}</code><p class="soft">{description}</p></th>
      <td class="text path">{textOf(value)}{unit && value !== '' ? ` ${unit}` : ''}</td>
      <td class="text path soft">{isDefault ? 'the same' : textOf(setting.default)}</td>
      <td class="text">{origin}</td>
    </tr>
  );
}

export function Configuration() {
  const config = usePoll<{ file: string; settings: Setting[] }>('config', 0);
  const [wanted, setWanted] = useState('');
  const [onlySet, setOnlySet] = useState(false);
  const matches = ({ key, description, value, default: usual }: Setting): boolean =>
    `${key} ${description} ${textOf(value)}`.toLowerCase().includes(wanted.trim().toLowerCase()) &&
    (!onlySet || JSON.stringify(value) !== JSON.stringify(usual));
  return (
    <Card id="config" title="Configuration" note={config.data?.file ? `From ${config.data.file}, the environment and flags.` :
      'From the environment, flags and defaults; no file.'}>
      <WhenThere polled={config} what="its configuration">
        {({ settings }) => {
          const shown = settings.filter(matches);
          return (
            <>
              <div class="fields">
                <Field id="config-search" label="Find a setting" type="search" value={wanted} onValue={setWanted} />
                <Check id="config-set" checked={onlySet} onChecked={setOnlySet}>Only what is not the default</Check>
              </div>
              {shown.length === 0 ? <Empty>No setting matches.</Empty> : (
                <div class="scroll wide tall" role="region" aria-label="Settings" tabIndex={0}>
                  <table>
                    <thead><tr><th scope="col" class="text">Key</th><th scope="col" class="text">Value</th>
                      <th scope="col" class="text">Default</th><th scope="col" class="text">From</th></tr></thead>
                    <tbody>{shown.map((setting) => <Row setting={setting} key={setting.key} />)}</tbody>
                  </table>
                </div>
              )}
            </>
          );
        }}
      </WhenThere>
    </Card>
  );
}
