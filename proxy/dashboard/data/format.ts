// Numbers as people read them. null is "–": not known, or nothing to measure.

const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const none = '–';

export function count(value: number | null | undefined): string {
  if (value == null) return none;
  return Math.abs(value) < 100_000 ? whole.format(value) : compact.format(value);
}

// "1 request", "2 requests".
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

// For an axis, where there is little room.
export const shortCount = (value: number): string => (value < 10_000 ? whole : compact).format(value);

// A share as a percentage; neither 0% nor 100% unless it is exactly that.
export function percent(rate: number | null | undefined): string {
  if (rate == null) return none;
  const value = rate * 100;
  if (value > 0 && value < 0.1) return '<0.1%';
  if (value > 99.9 && value < 100) return '>99.9%';
  return `${value.toFixed(value === 0 || value === 100 || (value >= 10 && value < 99) ? 0 : 1)}%`;
}

export const shareOf = (part: number, all: number): number | null => (all === 0 ? null : part / all);

export function bytes(value: number | null | undefined): string {
  if (value == null) return none;
  if (value < 1000) return `${value} B`;
  const power = Math.min(4, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

export function millis(value: number | null | undefined): string {
  if (value == null) return none;
  if (value < 1) return `${Math.round(value * 1000)} µs`;
  if (value < 1000) return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
}

export const micros = (value: number): string => millis(value / 1000);

export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return none;
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds > 0 && seconds < 10) return Number.isInteger(seconds) ? `${seconds} s` : millis(seconds * 1000);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 600 && Math.floor(seconds) % 60 > 0) {
    return `${Math.floor(seconds / 60)} min ${Math.floor(seconds) % 60} s`;
  }
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) {
    const minutes = Math.floor(seconds / 60) % 60;
    return `${Math.floor(seconds / 3600)} h${minutes > 0 ? ` ${minutes} min` : ''}`;
  }
  return `${Math.floor(seconds / 86400)} days`;
}

// "$1.50", "$0.00012": small sums keep two digits that say something.
export function money(value: number | null | undefined, currency: string): string {
  if (value == null) return none;
  const small = value !== 0 && Math.abs(value) < 0.01;
  const digits = small ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency, ...digits }).format(value);
  } catch {  // not a currency that the browser knows
    return `${new Intl.NumberFormat('en', digits).format(value)} ${currency}`;
  }
}

const clock = (more: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...more });
const minuteClock = clock({});
const secondClock = clock({ second: '2-digit' });
const dayClock = clock({ month: 'short', day: 'numeric' });
const fullClock = clock({ year: 'numeric', month: 'short', day: 'numeric', second: '2-digit' });

export const timeOfDay = (unixSeconds: number): string => minuteClock.format(unixSeconds * 1000);
export const dayAndTime = (unixSeconds: number): string => dayClock.format(unixSeconds * 1000);
export const fullTime = (unixSeconds: number): string => fullClock.format(unixSeconds * 1000);
export const timeWithSeconds = (date: Date | number): string => secondClock.format(date);
