/** Filters that make text. Whatever they are given is printed first, as `str` would. */
import { charsArg, intArg, textArg, type Arg, type Builtin } from './builtins.ts';
import { formatPercent } from './format.ts';
import { capitalize } from './methods.ts';
import { toJson, toText } from './print.ts';
import { chargeText, checkLength, fail, type Run } from './run.ts';
import {
  codePointCount,
  concat,
  codePointOffsets,
  join,
  mapText,
  center,
  replace,
  slice,
  splitLines,
  strip,
  text,
  untrusted,
  type Text,
} from './text.ts';
import { isDict, isSeq, isText, iterate, seq, truthy, type Value } from './values.ts';

const isTrue = (arg: Arg) => arg !== undefined && truthy(arg);
const mapped = (change: (s: string) => string): Builtin<Value> => [
  '',
  (run, value) => mapText(run, toText(run, value), change),
];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
const escape = mapped((s) => s.replace(/[&<>'"]/g, (char) => ENTITIES[char]!));

/** Jinja's own title case: words begin after white space, a hyphen or an opening bracket. */
const title = (s: string) => s.replace(/[^-\s({[<]+/g, (word) => capitalize(word));

/** Tags and comments go, runs of white space become one space. */
function stripTags(s: string): string {
  let kept = '';
  let at = 0;
  for (let open = s.indexOf('<'); open >= 0; open = s.indexOf('<', at)) {
    const comment = s.startsWith('<!--', open);
    const close = s.indexOf(comment ? '-->' : '>', open);
    if (close < 0) break;
    kept += s.slice(at, open);
    at = close + (comment ? 3 : 1);
  }
  return (kept + s.slice(at)).split(/\s+/).filter(Boolean).join(' ');
}

function indent(run: Run, value: Value, [width, first, blank]: readonly Arg[]): Text {
  const by = isText(width) ? width : text(' '.repeat(Math.max(0, Math.min(intArg(run, width, 4), 1000))), true);
  const newline = text('\n', true);
  const lines = splitLines(run, concat(run, [toText(run, value), newline]), false);
  checkLength(run, lines.length * by.text.length);
  const indented = lines.map((line, i) => {
    const skipped = i === 0 ? !isTrue(first) : line.text === '' && !isTrue(blank);
    return skipped ? line : concat(run, [by, line]);
  });
  return join(run, newline, indented);
}

function truncate(run: Run, value: Value, [length, killWords, end, leeway]: readonly Arg[]): Text {
  const whole = toText(run, value);
  const mark = textArg(run, end, text('...', true));
  const n = intArg(run, length, 255);
  if (codePointCount(run, whole) <= n + intArg(run, leeway, 5)) return whole;
  const kept = slice(run, whole, 0, codePointOffsets(run, whole)[Math.max(0, n - codePointCount(run, mark))]!);
  const lastSpace = kept.text.lastIndexOf(' ');
  return concat(run, [isTrue(killWords) || lastSpace < 0 ? kept : slice(run, kept, 0, lastSpace), mark]);
}

/** `json.dumps`, not Jinja's own: no HTML escapes, every script's letters as they are. */
function toJsonText(run: Run, value: Value, [ensureAscii, indentBy, separators, sortKeys]: readonly Arg[]): Text {
  const indented = indentBy !== undefined && indentBy !== null;
  const spaces = !indented
    ? undefined
    : isText(indentBy)
      ? indentBy.text
      : ' '.repeat(Math.max(0, Math.min(1000, intArg(run, indentBy))));
  const pair = isSeq(separators)
    ? iterate(run, separators).map((s) => textArg(run, s).text)
    : [indented ? ',' : ', ', ': '];
  if (pair.length !== 2) fail(run, 'separators are a pair: between items, and after a key');
  const style = {
    ensureAscii: isTrue(ensureAscii),
    itemSeparator: pair[0]!,
    keySeparator: pair[1]!,
    sortKeys: isTrue(sortKeys),
  };
  const json = toJson(run, value, spaces === undefined ? style : { ...style, indent: spaces });
  chargeText(run, json.length);
  return untrusted(json);
}

function encodeUrl(run: Run, value: Value): Text {
  const encode = (s: string, keep: RegExp) =>
    [...new TextEncoder().encode(s)]
      .map((byte) => {
        const char = String.fromCharCode(byte);
        return keep.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
  if (!isDict(value)) return mapText(run, toText(run, value), (s) => encode(s, /[\w.~/-]/));
  const pairs = [...value.entries.values()].map((e) =>
    [e.key, e.value]
      .map((v) => encode(toText(run, v).text, /[\w.~-]/))
      .join('=')
      .replaceAll('%20', '+'),
  );
  return untrusted(pairs.join('&'));
}

export const textFilters: Record<string, Builtin<Value>> = {
  string: ['', (run, value) => toText(run, value)],
  safe: ['', (run, value) => toText(run, value)],
  escape,
  e: escape,
  forceescape: escape,
  upper: mapped((s) => s.toUpperCase()),
  lower: mapped((s) => s.toLowerCase()),
  capitalize: mapped(capitalize),
  title: mapped(title),
  striptags: mapped(stripTags),
  trim: ['chars', (run, value, [chars]) => strip(run, toText(run, value), 'both', charsArg(run, chars))],
  replace: [
    'old new count',
    (run, value, [old, by, limit]) =>
      replace(
        run,
        toText(run, value),
        toText(run, old ?? null),
        toText(run, by ?? null),
        limit === null ? -1 : intArg(run, limit, -1),
      ),
  ],
  center: ['width', (run, value, [width]) => center(run, toText(run, value), intArg(run, width, 80))],
  indent: ['width first blank', indent],
  truncate: ['length killwords end leeway', truncate],
  format: ['*', (run, value, args) => formatPercent(run, toText(run, value), seq('tuple', args as Value[]))],
  wordcount: ['', (run, value) => toText(run, value).text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0],
  urlencode: ['', encodeUrl],
  tojson: ['ensure_ascii indent separators sort_keys', toJsonText],
};
