/** Times as text, in local time and English: Python's `datetime.now().strftime` in the C locale, on Linux. */
import { fail, replaceEach, type Run } from './run.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

const two = (n: number) => `${n}`.padStart(2, '0');
const spaced = (n: number) => `${n}`.padStart(2);
const hour12 = (d: Date) => d.getHours() % 12 || 12;
/** From 1. */
const dayOfYear = (d: Date) =>
  Math.round((Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) - Date.UTC(d.getFullYear(), 0, 0)) / 86_400_000);
/** Days since the week began, if it begins with the given day of the week (0 is Sunday). */
const sinceDay = (d: Date, first: number) => (d.getDay() - first + 7) % 7;
/** Weeks that began in this year; days before the first are in week 0. */
const weekOfYear = (d: Date, first: number) => Math.floor((dayOfYear(d) + 6 - sinceDay(d, first)) / 7);
/** ISO 8601: a week belongs to the year that its Thursday is in. */
const thursday = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate() - sinceDay(d, 1) + 3);

const FIELDS = new Map<string, (d: Date) => string>([
  ['a', (d) => DAYS[d.getDay()]!.slice(0, 3)],
  ['A', (d) => DAYS[d.getDay()]!],
  ['b', (d) => MONTHS[d.getMonth()]!.slice(0, 3)],
  ['B', (d) => MONTHS[d.getMonth()]!],
  ['C', (d) => two(Math.floor(d.getFullYear() / 100))],
  ['d', (d) => two(d.getDate())],
  ['e', (d) => spaced(d.getDate())],
  ['f', (d) => `${d.getMilliseconds()}`.padStart(3, '0') + '000'],
  ['g', (d) => two(thursday(d).getFullYear() % 100)],
  ['G', (d) => `${thursday(d).getFullYear()}`],
  ['H', (d) => two(d.getHours())],
  ['I', (d) => two(hour12(d))],
  ['j', (d) => `${dayOfYear(d)}`.padStart(3, '0')],
  ['k', (d) => spaced(d.getHours())],
  ['l', (d) => spaced(hour12(d))],
  ['m', (d) => two(d.getMonth() + 1)],
  ['M', (d) => two(d.getMinutes())],
  ['p', (d) => (d.getHours() < 12 ? 'AM' : 'PM')],
  ['P', (d) => (d.getHours() < 12 ? 'am' : 'pm')],
  ['s', (d) => `${Math.floor(d.getTime() / 1000)}`],
  ['S', (d) => two(d.getSeconds())],
  ['u', (d) => `${d.getDay() || 7}`],
  ['U', (d) => two(weekOfYear(d, 0))],
  ['V', (d) => two(Math.ceil(dayOfYear(thursday(d)) / 7))],
  ['w', (d) => `${d.getDay()}`],
  ['W', (d) => two(weekOfYear(d, 1))],
  ['y', (d) => two(d.getFullYear() % 100)],
  ['Y', (d) => `${d.getFullYear()}`],
  ['z', () => ''], // a time without a zone, as `datetime.now()` gives it
  ['Z', () => ''],
  ['n', () => '\n'],
  ['t', () => '\t'],
  ['%', () => '%'],
]);

/** Fields that stand for several. */
const JOINED = new Map([
  ['c', '%a %b %e %H:%M:%S %Y'],
  ['D', '%m/%d/%y'],
  ['F', '%Y-%m-%d'],
  ['h', '%b'],
  ['r', '%I:%M:%S %p'],
  ['R', '%H:%M'],
  ['T', '%H:%M:%S'],
  ['x', '%m/%d/%y'],
  ['X', '%H:%M:%S'],
]);

export function strftime(run: Run, now: Date, format: string): string {
  return replaceEach(run, format, /%(-?)([^])/g, ([field, dash, letter = '']) => {
    const joined = JOINED.get(letter);
    const shown = joined === undefined ? FIELDS.get(letter)?.(now) : strftime(run, now, joined);
    if (shown === undefined)
      fail(run, `strftime_now cannot format ${field}; it knows: ${[...FIELDS.keys(), ...JOINED.keys()].join(' ')}`);
    return dash ? shown.replace(/^[0 ]+(?=.)/, '') : shown;
  });
}
