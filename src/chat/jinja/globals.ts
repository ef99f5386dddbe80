/** What every template can call. */
import { apply, intArg, textArg, type Builtin } from './builtins.ts';
import { dictFrom } from './methods.ts';
import { toText } from './print.ts';
import { checkItems, clip, fail, type Run } from './run.ts';
import { untrusted } from './text.ts';
import { callable, namespace, type Obj, type Seq } from './values.ts';

const ROWS: Record<string, Builtin<null>> = {
  range: [
    'start stop step',
    (run, _, [start, stop, step]) =>
      range(run, intArg(run, start), stop === undefined ? undefined : intArg(run, stop), intArg(run, step, 1)),
  ],
  dict: ['mapping **', (run, _, [from], named) => dictFrom(run, from, named)],
  namespace: [
    'mapping **',
    (run, _, [from], named) => {
      const fields = dictFrom(run, from, named).entries.values();
      return namespace(new Map([...fields].map(({ key, value }) => [toText(run, key).text, value])));
    },
  ],
  // The conversation is the caller's, so the template's refusal is a RangeError and not a FormatError.
  raise_exception: [
    'message',
    (run, _, [message]) => {
      throw new RangeError(
        `the chat template rejects this conversation: ${clip(toText(run, message ?? null).text, 2000)}`,
      );
    },
  ],
  strftime_now: ['format', (run, _, [format]) => untrusted(strftime(run, run.now, textArg(run, format).text))],
};

export const GLOBALS: ReadonlyMap<string, Obj> = new Map(
  Object.entries(ROWS).map(([name, row]) => [name, callable(name, (run, args) => apply(run, name, row, null, args))]),
);

function range(run: Run, first: number, second: number | undefined, step: number): Seq {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) fail(run, 'range() cannot step by 0');
  const n = Math.max(0, Math.ceil((stop - start) / step));
  checkItems(run, n);
  const label = `range(${start}, ${stop}${step === 1 ? '' : `, ${step}`})`;
  return { kind: 'range', items: Array.from({ length: n }, (_, i) => start + i * step), label };
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const two = (n: number) => `${n}`.padStart(2, '0');
const hour12 = (d: Date) => d.getHours() % 12 || 12;
const dayOfYear = (d: Date) =>
  Math.round((Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) - Date.UTC(d.getFullYear(), 0, 0)) / 86_400_000);

/** In local time and English, as Python's `datetime.now().strftime` in the C locale. */
const FIELDS = new Map<string, (d: Date) => string>([
  ['a', (d) => DAYS[d.getDay()]!.slice(0, 3)],
  ['A', (d) => DAYS[d.getDay()]!],
  ['b', (d) => MONTHS[d.getMonth()]!.slice(0, 3)],
  ['B', (d) => MONTHS[d.getMonth()]!],
  ['d', (d) => two(d.getDate())],
  ['e', (d) => `${d.getDate()}`.padStart(2)],
  ['f', (d) => `${d.getMilliseconds()}`.padStart(3, '0') + '000'],
  ['F', (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`],
  ['H', (d) => two(d.getHours())],
  ['I', (d) => two(hour12(d))],
  ['j', (d) => `${dayOfYear(d)}`.padStart(3, '0')],
  ['m', (d) => two(d.getMonth() + 1)],
  ['M', (d) => two(d.getMinutes())],
  ['p', (d) => (d.getHours() < 12 ? 'AM' : 'PM')],
  ['S', (d) => two(d.getSeconds())],
  ['T', (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`],
  ['u', (d) => `${d.getDay() || 7}`],
  ['w', (d) => `${d.getDay()}`],
  ['y', (d) => two(d.getFullYear() % 100)],
  ['Y', (d) => `${d.getFullYear()}`],
  ['z', () => ''], // a time without a zone, as `datetime.now()` gives it
  ['Z', () => ''],
  ['%', () => '%'],
]);

function strftime(run: Run, now: Date, format: string): string {
  return format.replace(/%(-?)([^])/g, (whole: string, dash: string, letter: string) => {
    const shown =
      FIELDS.get(letter)?.(now) ??
      fail(run, `strftime_now cannot format ${whole}; it knows: ${[...FIELDS.keys()].join(' ')}`);
    return dash ? shown.replace(/^[0 ]+(?=.)/, '') : shown;
  });
}
