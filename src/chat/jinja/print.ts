/** How values look as text: Python's `str` and `repr`, and `json.dumps`. */
import {
  charge,
  chargeObjects,
  chargeText,
  checkLength,
  deeper,
  fail,
  joinRows,
  replaceEach,
  type Run,
} from './run.ts';
import { EMPTY, untrusted, type Text } from './text.ts';
import { compareValues } from './compare.ts';
import { isDict, isSeq, isText, isUndef, type Float, type Seq, typeName, type Value } from './values.ts';

export function toText(run: Run, value: Value): Text {
  if (isText(value)) return value;
  if (isUndef(value)) return EMPTY;
  chargeObjects(run, 2);
  return untrusted(repr(run, value));
}

export function repr(run: Run, value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return `${value}`;
  switch (value.kind) {
    case 'float':
      return reprFloat(value);
    case 'text':
      chargeText(run, value.text.length);
      return reprText(run, value.text);
    case 'undefined':
      return 'Undefined';
    case 'object':
      return `<${value.name}>`;
    case 'dict': {
      const fields = deeper(run, () =>
        [...value.entries.values()].map((e) => `${repr(run, e.key)}: ${repr(run, e.value)}`),
      );
      return `{${joinRows(run, fields, ', ')}}`;
    }
    default:
      return reprSeq(run, value);
  }
}

function reprSeq(run: Run, value: Seq): string {
  if (value.label !== undefined && value.kind !== 'view') return value.label;
  if (value.kind === 'generator') return '<generator>';
  const rows = deeper(run, () => value.items.map((item) => repr(run, item)));
  const inner = joinRows(run, rows, ', ');
  if (value.kind === 'tuple') return value.items.length === 1 ? `(${inner},)` : `(${inner})`;
  return value.kind === 'view' ? `${value.label}([${inner}])` : `[${inner}]`;
}

/** The shortest digits that read back the same, with an exponent outside 1e-4 … 1e16. */
export function reprFloat({ value }: Float): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa, exponentText] = Math.abs(value).toExponential().split('e');
  const digits = mantissa!.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const size = `${Math.abs(exponent)}`.padStart(2, '0');
    return `${sign}${digits[0]}${tail}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Single quotes unless only those occur inside; what does not print is escaped by its code point. */
function reprText(run: Run, value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const inner = replaceEach(run, value, /[\\\n\r\t]|(?! )[\p{C}\p{Z}]|'/gu, ([char]) => {
    if (char === "'") return quote === "'" ? "\\'" : char;
    const code = char.codePointAt(0)!;
    const hex = code.toString(16);
    const escaped =
      code < 0x100
        ? `x${hex.padStart(2, '0')}`
        : code < 0x10000
          ? `u${hex.padStart(4, '0')}`
          : `U${hex.padStart(8, '0')}`;
    return ESCAPES[char] ?? `\\${escaped}`;
  });
  return quote + inner + quote;
}

export interface JsonStyle {
  readonly ensureAscii: boolean;
  /** What one level adds at the start of a line; undefined: all on one line. */
  readonly indent?: string;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

export function toJson(run: Run, value: Value, style: JsonStyle, newline = '\n'): string {
  charge(run, 1);
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return `${value}`;
  if (isText(value)) return jsonText(run, value.text, style);
  if (value.kind === 'float') return Number.isFinite(value.value) ? reprFloat(value) : jsonNonFinite(value.value);
  const inner = newline + (style.indent ?? '');
  const wrap = (open: string, rows: string[], close: string) => {
    if (rows.length === 0) return open + close;
    checkLength(run, inner.length);
    if (style.indent === undefined) return open + joinRows(run, rows, style.itemSeparator) + close;
    return open + inner + joinRows(run, rows, style.itemSeparator + inner) + newline + close;
  };
  if (isSeq(value) && (value.kind === 'list' || value.kind === 'tuple')) {
    const rows = deeper(run, () => value.items.map((item) => toJson(run, item, style, inner)));
    return wrap('[', rows, ']');
  }
  if (!isDict(value)) return fail(run, `${typeName(value)} cannot be written as JSON`);
  const entries = [...value.entries.values()];
  if (style.sortKeys) entries.sort((a, b) => compareValues(run, a.key, b.key));
  const rows = deeper(run, () =>
    entries.map((e) => jsonKey(run, e.key, style) + style.keySeparator + toJson(run, e.value, style, inner)),
  );
  return wrap('{', rows, '}');
}

const jsonNonFinite = (value: number) => (Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity');

function jsonKey(run: Run, key: Value, style: JsonStyle): string {
  if (isSeq(key)) return fail(run, 'a tuple as a key cannot be written as JSON');
  return isText(key) ? jsonText(run, key.text, style) : `"${toJson(run, key, style)}"`;
}

const JSON_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function jsonText(run: Run, value: string, style: JsonStyle): string {
  chargeText(run, value.length);
  const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const escaped = style.ensureAscii ? /["\\]|[^ -~]/g : /["\\]|[^ -\uffff]/g;
  return `"${replaceEach(run, value, escaped, ([unit]) => JSON_ESCAPES[unit] ?? hex(unit))}"`;
}
