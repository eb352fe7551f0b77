// Numbers as people read them. null is "–": not known, or nothing to measure.

const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

export function count(value) {
  if (value == null) return '–';
  return value < 100_000 ? whole.format(value) : compact.format(value);
}

// For an axis, where there is little room.
export const shortCount = (value) => (value < 10_000 ? whole : compact).format(value);

// A share as a percentage; neither 0% nor 100% unless it is exactly that.
export function percent(rate) {
  if (rate == null) return '–';
  const value = rate * 100;
  if (value > 0 && value < 0.1) return '<0.1%';
  if (value > 99.9 && value < 100) return '>99.9%';
  return `${value.toFixed(value === 0 || value === 100 || (value >= 10 && value < 99) ? 0 : 1)}%`;
}

export function bytes(value) {
  if (value == null) return '–';
  if (value < 1000) return `${value} B`;
  const power = Math.min(4, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

export function millis(value) {
  if (value == null) return '–';
  if (value < 1) return `${Math.round(value * 1000)} µs`;
  if (value < 1000) return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
}

export function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86400)} days`;
}

const minuteClock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const secondClock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export const timeOfDay = (unixSeconds) => minuteClock.format(unixSeconds * 1000);
export const timeWithSeconds = (date) => secondClock.format(date);
