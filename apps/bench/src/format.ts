/** Three digits: all that a measurement is worth. */
export { digits, percent } from '../../../bench/measure/stats.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytes(n: number): string {
  const power = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return `${(n / 1000 ** power).toFixed(power === 0 ? 0 : n / 1000 ** power < 10 ? 1 : 0)} ${units[power]!}`;
}

/** `1:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** `1:05 min`; `8 s` below a minute. */
export const duration = (seconds: number): string =>
  Math.round(seconds) < 60 ? `${Math.max(0, Math.round(seconds))} s` : `${clock(seconds)} min`;

export const threadsWord = (n: number): string => (n === 1 ? '1 thread' : `${n} threads`);

/** A quant type as files and people spell it. */
export const quantWord = (name: string): string => name.toUpperCase();

export const dateWord = (iso: string): string => {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? 'an unknown day' : date.toLocaleDateString(undefined, { dateStyle: 'medium' });
};
