// Fields of forms, each with its label.

import type { ComponentChildren } from 'preact';

// A client's key by its partition, whole or as much of it as the breakdown shows.
export const kPartitionRule = {
  pattern: '[0-9a-f]{8,32}', title: '8 to 32 hexadecimal digits' };

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onValue: (value: string) => void;
  type?: string;
  list?: string[];
  required?: boolean;
  placeholder?: string;
  wide?: boolean;
  // Told when it is left or Enter is pressed, and fits the pattern; else with every stroke.
  whenDone?: boolean;
  min?: string;
  max?: string;
  step?: string;
  pattern?: string;
  title?: string;
}

export function Field({ id, label, value, onValue, list, wide, whenDone, type = 'text', ...rest }: FieldProps) {
  const take = ({ currentTarget: field }: { currentTarget: HTMLInputElement }): void => {
    if (!whenDone || field.reportValidity()) onValue(field.value);
  };
  return (
    <p class={wide ? 'wide' : undefined}>
      <label for={id}>{label}</label>
      <input id={id} type={type} value={value} autocomplete="off" spellcheck={false} {...rest}
             {...(list ? { list: `${id}-list` } : {})} {...(whenDone ? { onChange: take } : { onInput: take })} />
      {list && <datalist id={`${id}-list`}>{list.map((each) => <option value={each} key={each} />)}</datalist>}
    </p>
  );
}

export function Choice({ id, label, value, options, onValue }: {
  id: string; label: string; value: string; options: [string, string][]; onValue: (value: string) => void;
}) {
  return (
    <p>
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([name, words]) => <option value={name} key={name}>{words}</option>)}
      </select>
    </p>
  );
}

export function Check({ id, checked, onChecked, children }: {
  id: string; checked: boolean; onChecked: (checked: boolean) => void; children: ComponentChildren;
}) {
  return (
    <p class="check">
      <label><input id={id} type="checkbox" checked={checked}
                    onChange={(event) => onChecked(event.currentTarget.checked)} />{children}</label>
    </p>
  );
}
