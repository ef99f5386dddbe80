/** Numbers and times, as people read them. */

const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

/** `98 MB`, `1.1 GB`: thousands, as shops and phones count. */
export function bytes(n: number): string {
  if (n < 1e3) return `${whole.format(n)}\u00a0B`;
  if (n < 1e6) return `${whole.format(n / 1e3)}\u00a0kB`;
  return n < 1e9 ? `${whole.format(n / 1e6)}\u00a0MB` : `${decimal.format(n / 1e9)}\u00a0GB`;
}

/** `about 40 s`, `3 min`, `1 h 5 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))}\u00a0s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes}\u00a0min` : `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
}

/** `0.4 s`, `12 s`. */
export const seconds = (ms: number): string =>
  ms < 10_000 ? `${decimal.format(ms / 1000)}\u00a0s` : `${whole.format(ms / 1000)}\u00a0s`;

export const count = (n: number): string => whole.format(n);

export const rate = (n: number): string => (n < 10 ? decimal.format(n) : whole.format(n));

export const percent = (part: number): string => `${Math.min(100, Math.round(part * 100))}\u00a0%`;

const day = 86_400_000;
const dayStart = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
const monthName = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const dateTime = (time: number): string => clock.format(time);

/** Under which heading of a list a day stands. */
export function dayGroup(time: number, now = Date.now()): string {
  const days = Math.round((dayStart(now) - dayStart(time)) / day);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return 'This week';
  return days < 31 ? 'This month' : monthName.format(time);
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
