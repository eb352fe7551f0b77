// A chart over time: drawn by uPlot, read with the pointer or the arrow keys, and the same numbers as a table.

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { dayAndTime, timeOfDay } from '../data/format';
import { colourOf, useColourChange } from './theme';

export interface Series {
  name: string;
  colour: string;  // a variable of style.css
  values: (number | null)[];
  dash?: number[];
}

interface ChartProps {
  label: string;
  times: number[];  // Unix seconds, the beginnings of steps
  step: number;     // seconds
  kind: 'bars' | 'lines';
  series: Series[];  // bars: from the bottom up
  marks?: { name: string; values: number[] };  // told as dots above the bars
  log?: boolean;
  format: (value: number | null) => string;
  axis: (value: number) => string;
  empty: string;
}

const kHeight = 230;

// Each bar's series stand on those before them.
function stacked(series: Series[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map(({ values }) => values.map((value, i) => (sums[i] = (sums[i] ?? 0) + (value ?? 0))));
}

function dataOf({ kind, series, times, step }: ChartProps): uPlot.AlignedData {
  const columns = kind === 'bars' ? stacked(series).reverse() : series.map(({ values }) => values);
  return [times.map((t) => t + step / 2), ...columns] as uPlot.AlignedData;
}

// The power of ten below or above.
const decade = (value: number | null, round: (n: number) => number): number =>
  10 ** round(Math.log10(value || 1) + (round === Math.ceil ? 0.02 : -0.02));

function optionsOf(props: ChartProps, width: number, latest: () => ChartProps, select: (i: number | null) => void):
    uPlot.Options {
  const { kind, series, log } = props;
  const ink = colourOf('soft');
  const line = colourOf('line');
  const drawn = kind === 'bars' ? [...series].reverse() : series;
  const bars = uPlot.paths.bars?.({ size: [0.86, 40] });
  const drawMarks = (u: uPlot): void => {
    const { marks, times, step } = latest();
    u.ctx.fillStyle = colourOf('bad');
    marks?.values.forEach((value, i) => {
      if (value === 0) return;
      u.ctx.beginPath();
      u.ctx.arc(u.valToPos((times[i] ?? 0) + step / 2, 'x', true), u.bbox.top + 4 * uPlot.pxRatio,
                3 * uPlot.pxRatio, 0, 2 * Math.PI);
      u.ctx.fill();
    });
  };
  return {
    width, height: kHeight, padding: [12, 6, 0, 0], legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: kind === 'lines', size: 7 } },
    scales: {
      x: { time: true, range: (): uPlot.Range.MinMax => {
        const { times, step } = latest();
        return [times[0] ?? 0, (times.at(-1) ?? 1) + step];
      } },
      y: log ? { distr: 3, range: (_, low, high): uPlot.Range.MinMax => [decade(low, Math.floor), decade(high, Math.ceil)] } : { range: (_, __, high): uPlot.Range.MinMax => [0, Math.max(high ?? 0, 1) * 1.08] },
    },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font: '12px sans-serif', space: 64, size: 28,
        values: (_, splits, __, ___, step) => splits.map((t) => (step >= 43_200 ?
          dayAndTime(t).replace(/,?\s*\d\d:\d\d$/, '') : timeOfDay(t))) },
      { stroke: ink, ticks: { show: false }, font: '12px sans-serif', size: 56,
        grid: { stroke: line, width: 1, ...(log ? { filter: (_, splits) => splits.map((v) =>
          (Number.isInteger(Math.log10(v)) ? v : null)) } : {}) },
        values: (_, splits) => splits.map((value) => (value === null || value === undefined ? '' :
          latest().axis(value))) },
    ],
    series: [{}, ...drawn.map(({ name, colour, dash }): uPlot.Series => {
      const paint = colourOf(colour);
      return kind === 'bars' ?
        { label: name, fill: paint, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) } :
        { label: name, stroke: paint, width: 2, spanGaps: false, points: { size: 4, fill: paint, width: 0 },
          ...(dash ? { dash } : {}) };
    })],
    hooks: { setCursor: [(u) => select(u.cursor.idx ?? null)], draw: [drawMarks] },
  };
}

export function Chart(props: ChartProps) {
  const { label, times, kind, series, marks, log, format, empty } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [selected, setSelected] = useState<number | null>(null);
  const [spoken, setSpoken] = useState('');
  const [left, setLeft] = useState(0);
  const colours = useColourChange();
  const isEmpty = !series.some(({ values }) => values.some((value) => value !== null && value > 0)) &&
    !marks?.values.some((value) => value > 0);

  useEffect(() => {
    const parent = box.current;
    if (!parent || isEmpty) return undefined;
    const select = (index: number | null): void => {
      setSelected(index);
      const u = plot.current;
      if (index !== null && u) setLeft(u.valToPos(u.data[0][index] ?? 0, 'x') + u.over.offsetLeft);
    };
    const u = new uPlot(optionsOf(latest.current, parent.clientWidth, () => latest.current, select),
                        dataOf(latest.current), parent);
    plot.current = u;
    u.root.setAttribute('aria-hidden', 'true');
    const observer = new ResizeObserver(() => u.setSize({ width: parent.clientWidth, height: kHeight }));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      u.destroy();
      plot.current = null;
      setSelected(null);
    };
  }, [isEmpty, kind, log, colours, series.map(({ name }) => name).join()]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props]);

  const from = (i: number): string => (times.at(-1)! - times[0]! > 86_400 ? dayAndTime : timeOfDay)(times[i] ?? 0);
  const onKey = (event: KeyboardEvent): void => {
    const u = plot.current;
    const last = times.length - 1;
    const at = selected ?? last + 1;
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, Escape: -1 }[event.key];
    if (target === undefined || !u) return;
    event.preventDefault();
    if (event.key === 'Escape') {
      u.setCursor({ left: -10, top: -10 });
      return;
    }
    const index = Math.min(Math.max(target, 0), last);
    u.setCursor({ left: u.valToPos(u.data[0][index] ?? 0, 'x'), top: 10 });
    const parts = series.map(({ name, values }) => `${name}: ${format(values[index] ?? null)}`);
    if (marks) parts.push(`${marks.name}: ${format(marks.values[index] ?? null)}`);
    setSpoken(`${from(index)}. ${parts.join(', ')}`);
  };
  const width = box.current?.clientWidth ?? 0;
  const rows = kind === 'bars' ? [...series].reverse() : series;
  return (
    <>
      <ul class="legend">
        {series.map(({ name, colour, dash }) => (
          <li key={name}><i class={`key ${colour}${!dash ? '' : dash[0]! > 3 ? ' dashed' : ' dotted'}`} />{name}</li>
        ))}
        {marks && <li><i class="key bad dot-key" />{marks.name}</li>}
      </ul>
      <div class="chart" tabIndex={0} role="group" onKeyDown={onKey}
           aria-label={`${label}. Left and right arrows step through it.`}>
        <div class="plot" ref={box} />
        {isEmpty && <p class="empty">{empty}</p>}
        {selected !== null && !isEmpty && selected < times.length && (
          <div class="tip" aria-hidden="true"
               style={left > width / 2 ? { right: `${Math.max(0, width - left + 12)}px` } : { left: `${left + 12}px` }}>
            <strong>{from(selected)}{selected === times.length - 1 ? ', so far' : ''}</strong>
            {rows.map(({ name, colour, values }) => (
              <div key={name}><i class={`key ${colour}`} />{name}<b>{format(values[selected] ?? null)}</b></div>
            ))}
            {marks && (marks.values[selected] ?? 0) > 0 &&
              <div><i class="key bad dot-key" />{marks.name}<b>{format(marks.values[selected] ?? null)}</b></div>}
          </div>
        )}
        <p class="unseen" aria-live="polite">{spoken}</p>
      </div>
      <ChartTable {...props} from={from} />
    </>
  );
}

function ChartTable({ label, times, series, marks, format, from }: ChartProps & { from: (i: number) => string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show as a table</summary>
      {isOpen && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${label}, as a table`}>
          <table>
            <thead>
              <tr><th scope="col">From</th>{series.map(({ name }) => <th scope="col" key={name}>{name}</th>)}
                {marks && <th scope="col">{marks.name}</th>}</tr>
            </thead>
            <tbody>
              {times.map((t, i) => (
                <tr key={t}><th scope="row">{from(i)}</th>
                  {series.map(({ name, values }) => <td key={name}>{format(values[i] ?? null)}</td>)}
                  {marks && <td>{format(marks.values[i] ?? null)}</td>}</tr>
              )).reverse()}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
