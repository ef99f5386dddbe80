/** Python's two ways to fill in a string: `'%s is %d' % (a, b)` and `'{} is {:.2f}'.format(a, b)`. */
import { checkLength, fail, type Run } from './run.ts';
import { reprFloat, repr, toText } from './print.ts';
import { concat, cut, pad, slice, untrusted, type Text } from './text.ts';
import { float, getKey, isDict, isSeq, isText, kindOf, numberOf, typeName, type Value } from './values.ts';

interface Spec {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly comma: boolean;
  readonly width: number;
  readonly precision?: number;
  readonly type: string;
}

// Every repetition is bounded: matching stays linear on hostile strings.
const PERCENT =
  /%(?:\((?<key>[^)]{0,100})\))?(?<flags>[-+ 0#]{0,8})(?<width>\d{0,12})(?:\.(?<precision>\d{1,4}))?(?<type>[a-zA-Z%])/g;

export function formatPercent(run: Run, template: Text, value: Value): Text {
  const found = [...template.text.matchAll(PERCENT)];
  const pieces = cut(
    run,
    template,
    found.flatMap((m) => [m.index, m.index + m[0].length]),
  );
  const args = isSeq(value) && value.kind === 'tuple' ? value.items : [value];
  let nUsed = 0;
  const filled = found.map((m) => {
    const { key, flags, width, precision, type } = m.groups as Record<string, string | undefined>;
    if (type === '%') return untrusted('%');
    const named = key !== undefined && isDict(value) ? getKey(run, value, untrusted(key)) : undefined;
    const arg = key === undefined ? args[nUsed++] : named;
    if (arg === undefined) return fail(run, `no value for ${m[0]} in a format string`);
    const zero = flags!.includes('0') && type !== 's' && !flags!.includes('-');
    return formatValue(run, arg, {
      fill: zero ? '0' : ' ',
      align: zero ? '=' : flags!.includes('-') ? '<' : '>',
      sign: flags!.includes('+') ? '+' : flags!.includes(' ') ? ' ' : '-',
      comma: false,
      width: Number(width),
      type: type === 'i' || type === 'u' ? 'd' : type!,
      ...(precision !== undefined && { precision: Number(precision) }),
    });
  });
  if (nUsed < args.length && !isDict(value)) fail(run, 'more values than places in a format string');
  return weave(run, pieces, filled);
}

/** Kept and replaced pieces alternate, and the kept ones are first and last. */
function weave(run: Run, pieces: readonly Text[], filled: readonly Text[]): Text {
  return concat(
    run,
    pieces.map((piece, i) => (i % 2 === 0 ? piece : filled[(i - 1) / 2]!)),
  );
}

const BRACES = /\{\{|\}\}|\{(?<field>[\w.[\]]{0,100})(?:!(?<how>[rs]))?(?::(?<spec>[^{}]{0,50}))?\}/g;
const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>^=]))?(?<sign>[-+ ])?(?<zero>0)?(?<width>\d{0,12})(?<comma>,)?(?:\.(?<precision>\d+))?(?<type>[a-zA-Z%])?$/u;

export function formatBraces(
  run: Run,
  template: Text,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): Text {
  const found = [...template.text.matchAll(BRACES)];
  const pieces = cut(
    run,
    template,
    found.flatMap((m) => [m.index, m.index + m[0].length]),
  );
  if (pieces.some((piece, i) => i % 2 === 0 && /[{}]/.test(piece.text)))
    fail(run, 'a brace in a format string has no partner');
  let nUsed = 0;
  const filled = found.map((m, i) => {
    const { field, how, spec } = m.groups as Record<string, string | undefined>;
    if (field === undefined) return slice(run, pieces[2 * i + 1]!, 0, 1);
    const arg = field === '' ? args[nUsed++] : /^\d+$/.test(field) ? args[Number(field)] : named.get(field);
    if (arg === undefined) return fail(run, `no value for ${m[0]} in a format string`);
    return formatValue(run, how === 'r' ? untrusted(repr(run, arg)) : arg, parseSpec(run, spec ?? '', arg));
  });
  return weave(run, pieces, filled);
}

function parseSpec(run: Run, spec: string, arg: Value): Spec {
  const groups = SPEC.exec(spec)?.groups as Record<string, string | undefined> | undefined;
  if (!groups) return fail(run, `'${spec}' is not a format that is supported`);
  const number = numberOf(arg) !== undefined && typeof arg !== 'boolean';
  return {
    fill: groups.fill ?? (groups.zero ? '0' : ' '),
    align: groups.align ?? (groups.zero ? '=' : number ? '>' : '<'),
    sign: groups.sign ?? '-',
    comma: groups.comma !== undefined,
    width: Number(groups.width),
    type: groups.type ?? '',
    ...(groups.precision !== undefined && { precision: Number(groups.precision) }),
  };
}

function formatValue(run: Run, value: Value, spec: Spec): Text {
  checkLength(run, spec.width);
  const number = numberOf(value);
  if (
    isText(value) ||
    number === undefined ||
    ['s', 'r'].includes(spec.type) ||
    (spec.type === '' && typeof value === 'boolean')
  ) {
    if (!['', 's', 'r'].includes(spec.type)) fail(run, `%${spec.type} needs a number, got ${typeName(value)}`);
    const whole = spec.type === 'r' ? untrusted(repr(run, value)) : toText(run, value);
    const shown = spec.precision === undefined ? whole : slice(run, whole, 0, spec.precision);
    return align(run, shown, spec);
  }
  const digits = formatDigits(run, Math.abs(number), kindOf(value) === 'float', spec);
  const negative = number < 0 || Object.is(number, -0);
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  const grouped = spec.comma ? digits.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',') : digits;
  if (spec.align !== '=') return align(run, untrusted(sign + grouped), spec);
  return concat(run, [
    untrusted(sign),
    pad(run, untrusted(grouped), spec.width - sign.length, 1, untrusted(spec.fill)),
  ]);
}

function align(run: Run, value: Text, spec: Spec): Text {
  return pad(run, value, spec.width, { '<': 0, '^': 0.5 }[spec.align] ?? 1, untrusted(spec.fill));
}

/** A number that is not negative. */
function formatDigits(run: Run, value: number, isFloat: boolean, { type, precision }: Spec): string {
  const places = Math.min(100, precision ?? 6);
  switch (type) {
    case '':
      return isFloat ? (precision === undefined ? reprFloat(float(value)) : shortest(value, places)) : `${value}`;
    case 'd':
      return `${Math.trunc(value)}`;
    case 'f':
    case 'F':
      return toFixed(value, places);
    case '%':
      return `${toFixed(value * 100, places)}%`;
    case 'e':
      return value.toExponential(places).replace(/e([-+])(\d)$/, 'e$10$2');
    case 'g':
      return shortest(value, places);
    case 'x':
      return value.toString(16);
    case 'X':
      return value.toString(16).toUpperCase();
    case 'o':
      return value.toString(8);
    case 'b':
      return value.toString(2);
    default:
      return fail(run, `the format '${type}' is not supported`);
  }
}

/** Up to so many significant digits; an exponent where a number would be mostly zeros. */
function shortest(value: number, precision: number): string {
  const places = Math.max(1, precision) - 1;
  const [digits, exponent] = value.toExponential(places).split('e');
  const short = (s: string) => (s.includes('.') ? s.replace(/\.?0+$/, '') : s);
  if (Number(exponent) >= -4 && Number(exponent) <= places) return short(value.toFixed(places - Number(exponent)));
  return `${short(digits!)}e${exponent}`.replace(/([-+])(\d)$/, '$10$2');
}

/** Rounds exact halves to even, as Python does; `Number.toFixed` rounds them up. */
export function toFixed(value: number, places: number): string {
  const fixed = value.toFixed(places);
  const exact = value.toFixed(Math.min(100, places + 40));
  if (!/^50*$/.test(exact.slice(exact.indexOf('.') + 1 + places)) || places + 40 > 100) return fixed;
  const down = exact.slice(0, exact.indexOf('.') + (places === 0 ? 0 : 1 + places));
  return Number(down.at(-1)) % 2 === 0 ? down : fixed;
}
