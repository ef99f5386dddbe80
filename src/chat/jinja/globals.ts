/** What every template can call. */
import { apply, intArg, textArg, type Builtin } from './builtins.ts';
import { dictFrom } from './methods.ts';
import { toText } from './print.ts';
import { chargeObjects, checkItems, clip, fail, type Run } from './run.ts';
import { strftime } from './strftime.ts';
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
      chargeObjects(run, 4);
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
  chargeObjects(run, 3);
  return { kind: 'range', items: Array.from({ length: n }, (_, i) => start + i * step), label };
}
