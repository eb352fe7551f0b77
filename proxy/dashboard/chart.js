// The stacked chart of outcomes: an SVG that is drawn anew with each set of points, a pointer and a
// keyboard cursor, and the same numbers as a table.

import { count, shortCount, timeOfDay } from './format.js';

const LAYERS = [
  ['embedding-hits', 'Embedding inputs, cached', (p) => p.embedding_input_hits],
  ['response-hits', 'Responses, cached', (p) => p.response_hits],
  ['misses', 'Forwarded', (p) => p.embedding_inputs - p.embedding_input_hits + p.response_misses +
    p.response_stale + p.response_request],
  ['bypass', 'Passed through', (p) => p.bypass],
];
const MARGIN = { top: 14, right: 4, bottom: 24, left: 44 };
const HEIGHT = 230;

// Sums the points into bars of `seconds`, aligned to the clock: [{t, values, errors, total}].
function toBars(points, seconds) {
  const bars = [];
  for (const point of points) {
    const t = Math.floor(point.t / seconds) * seconds;
    let bar = bars.at(-1);
    if (bar?.t !== t) bars.push(bar = { t, values: LAYERS.map(() => 0), errors: 0, total: 0 });
    LAYERS.forEach(([, , value], i) => {
      bar.values[i] += value(point);
      bar.total += value(point);
    });
    bar.errors += point.errors;
  }
  return bars;
}

// A round number of at least `value`, to be divided into four.
function niceMaximum(value) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 4)));
  const nice = [1, 1.2, 1.6, 2, 2.4, 2.8, 3.2, 4, 4.8, 6, 8, 10].find((step) => step * unit >= value);
  return Math.max(4, Math.ceil(nice * unit / 4) * 4);
}

export class Chart {
  #root = document.getElementById('chart');
  #svg = this.#root.querySelector('svg');
  #tip = document.getElementById('tip');
  #readout = document.getElementById('readout');
  #data = document.getElementById('chart-data');
  #bars = [];
  #tickSeconds = 600;
  #selected = null; // index of a bar
  #byKeyboard = false;

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#root);
    this.#root.addEventListener('pointermove', (event) => this.#select(this.#barAt(event.clientX), false));
    this.#root.addEventListener('pointerleave', () => this.#select(null, false));
    this.#root.addEventListener('blur', () => this.#select(null, false));
    this.#root.addEventListener('keydown', (event) => this.#onKey(event));
    this.#data.addEventListener('toggle', () => this.#fillTable());
  }

  // `range` is "15m", "1h" or "24h".
  show(points, range) {
    const seconds = range === '24h' ? 900 : 60;
    this.#tickSeconds = { '15m': 180, '1h': 600, '24h': 4 * 3600 }[range];
    document.getElementById('chart-unit').textContent =
      `embedding inputs and other requests per ${seconds === 60 ? 'minute' : '15 minutes'}`;
    this.#bars = toBars(points, seconds);
    if (this.#selected >= this.#bars.length) this.#selected = null;
    this.#draw();
    this.#fillTable();
  }

  #make(name, attributes, text) {
    const element = document.createElementNS(this.#svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  #step() {
    return (this.#root.clientWidth - MARGIN.left - MARGIN.right) / Math.max(this.#bars.length, 1);
  }

  #draw() {
    const width = this.#root.clientWidth;
    if (width === 0) return;
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    const bottom = HEIGHT - MARGIN.bottom;
    const maximum = niceMaximum(Math.max(0, ...this.#bars.map((bar) => bar.total)));
    const y = (value) => bottom - value / maximum * (bottom - MARGIN.top);
    const parts = [];
    const empty = !this.#bars.some((bar) => bar.total > 0 || bar.errors > 0);
    document.getElementById('chart-empty').hidden = !empty || this.#bars.length === 0;

    for (let i = 0; i <= (empty ? 0 : 4); ++i) {
      const at = Math.round(y(maximum * i / 4)) + 0.5;
      parts.push(this.#make('line', { class: i === 0 ? 'axis' : 'grid', x1: MARGIN.left, x2: width - MARGIN.right,
        y1: at, y2: at }));
      if (!empty) {
        parts.push(this.#make('text', { x: MARGIN.left - 8, y: at + 4, 'text-anchor': 'end' },
          shortCount(maximum * i / 4)));
      }
    }
    const step = this.#step();
    const gap = step > 6 ? 2 : step > 3 ? 1 : 0.5;
    if (this.#selected !== null) {
      parts.push(this.#make('rect', { class: 'cursor', x: MARGIN.left + this.#selected * step, y: MARGIN.top,
        width: step, height: bottom - MARGIN.top }));
    }
    this.#bars.forEach((bar, i) => {
      const x = MARGIN.left + i * step;
      let below = 0;
      LAYERS.forEach(([name], layer) => {
        if (bar.values[layer] === 0) return;
        const top = y(below + bar.values[layer]);
        parts.push(this.#make('rect', { class: i === this.#bars.length - 1 ? `${name} partial` : name,
          x: x + gap / 2, y: top, width: step - gap, height: Math.max(y(below) - top, 0.5) }));
        below += bar.values[layer];
      });
      if (bar.errors > 0) {
        // As large as the errors' share, up to a tenth.
        const share = Math.min(1, 10 * bar.errors / Math.max(bar.total, bar.errors));
        parts.push(this.#make('circle', { class: 'errors', cx: x + step / 2, cy: 5, r: 1.5 + 2.5 * share }));
      }
    });
    parts.push(...this.#timeLabels(step, width));
    this.#svg.replaceChildren(...parts);
    this.#drawTip(step, width);
  }

  #timeLabels(step, width) {
    const labels = [];
    let free = MARGIN.left - 20;
    this.#bars.forEach((bar, i) => {
      const local = bar.t - new Date(bar.t * 1000).getTimezoneOffset() * 60;
      const x = MARGIN.left + i * step;
      if (local % this.#tickSeconds !== 0 || x < free || x > width - 20) return;
      labels.push(this.#make('text', { x, y: HEIGHT - 6, 'text-anchor': 'middle' }, timeOfDay(bar.t)));
      free = x + 54;
    });
    return labels;
  }

  #barAt(clientX) {
    const x = clientX - this.#root.getBoundingClientRect().left - MARGIN.left;
    const index = Math.floor(x / this.#step());
    return index >= 0 && index < this.#bars.length ? index : null;
  }

  #onKey(event) {
    const last = this.#bars.length - 1;
    const from = this.#selected ?? last + 1;
    const target = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, Escape: null }[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    this.#select(target === null ? null : Math.min(Math.max(target, 0), last), true);
  }

  #select(index, byKeyboard) {
    if (index === this.#selected) return;
    this.#selected = index;
    this.#byKeyboard = byKeyboard;
    this.#draw();
    const bar = this.#bars[index];
    if (bar && byKeyboard) {
      const parts = LAYERS.map(([, label], i) => `${label}: ${count(bar.values[i])}`);
      this.#readout.textContent = `${timeOfDay(bar.t)}. ${parts.join(', ')}, errors: ${count(bar.errors)}`;
    }
  }

  #drawTip(step, width) {
    const bar = this.#bars[this.#selected];
    this.#tip.hidden = bar === undefined;
    if (bar === undefined) return;
    const line = (name, label, value) => {
      const row = document.createElement('div');
      const key = document.createElement('i');
      key.className = `key ${name}`;
      const number = document.createElement('b');
      number.textContent = count(value);
      row.append(key, label, number);
      return row;
    };
    const title = document.createElement('strong');
    title.textContent = timeOfDay(bar.t) + (this.#selected === this.#bars.length - 1 ? ', so far' : '');
    const rows = LAYERS.map(([name, label], i) => line(name, label, bar.values[i])).reverse();
    if (bar.errors > 0) rows.push(line('errors', 'Errors', bar.errors));
    this.#tip.replaceChildren(title, ...rows);
    const x = MARGIN.left + (this.#selected + 0.5) * step;
    const left = x + this.#tip.offsetWidth + 16 < width ? x + 12 : x - this.#tip.offsetWidth - 12;
    this.#tip.style.left = `${Math.max(0, left)}px`;
  }

  #fillTable() {
    if (!this.#data.open) return;
    const rows = this.#bars.map((bar) => {
      const row = document.createElement('tr');
      const time = document.createElement('th');
      time.scope = 'row';
      time.textContent = timeOfDay(bar.t);
      row.append(time);
      for (const value of [...bar.values, bar.errors]) row.insertCell().textContent = count(value);
      return row;
    });
    this.#data.querySelector('tbody').replaceChildren(...rows.reverse());
  }
}
