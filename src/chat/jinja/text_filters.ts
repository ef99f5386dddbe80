/** Filters that make text. Whatever they are given is printed first, as `str` would. */
import { intArg, textArg, type Arg, type Builtin } from './builtins.ts';
import { textMethods } from './methods.ts';
import { toJson, toText } from './print.ts';
import { chargeObjects, checkLength, fail, replaceEach, type Run } from './run.ts';
import { concat, join, mapText, notBetweenWords, replace, splitLines, text, untrusted, type Text } from './text.ts';
import { isSeq, isText, iterate, truthy, type Value } from './values.ts';

export const isTrue = (arg: Arg) => arg !== undefined && truthy(arg);

/** A method of strings as a filter. */
const printed = ([params, apply]: Builtin<Text>): Builtin<Value> => [
  params,
  (run, value, args, named) => apply(run, toText(run, value), args, named),
];

/** Jinja's own title case: words begin after white space, a hyphen or an opening bracket. */
const title = (run: Run, s: string) =>
  replaceEach(run, s, notBetweenWords, ([word]) => word.toLowerCase().replace(/^./su, (char) => char.toUpperCase()));

/** What a line is indented by: so many spaces, or a text. */
const margin = (run: Run, width: Arg, otherwise = 0): Text =>
  isText(width) ? width : text(' '.repeat(Math.max(0, Math.min(intArg(run, width, otherwise), 1000))), true);

function indent(run: Run, value: Value, [width, first, blank]: readonly Arg[]): Text {
  const by = margin(run, width, 4);
  const newline = text('\n', true);
  const lines = splitLines(run, concat(run, [textArg(run, value), newline]));
  checkLength(run, lines.length * by.text.length);
  const indented = lines.map((line, i) => {
    const skipped = i === 0 ? !isTrue(first) : line.text === '' && !isTrue(blank);
    return skipped ? line : concat(run, [by, line]);
  });
  return join(run, newline, indented);
}

/** `json.dumps`, not Jinja's own: no HTML escapes, every script's letters as they are. */
function toJsonText(run: Run, value: Value, [ensureAscii, width, separators, sortKeys]: readonly Arg[]): Text {
  const indented = width !== undefined && width !== null;
  const [itemSeparator, keySeparator, ...more] = isSeq(separators)
    ? iterate(run, separators).map((s) => textArg(run, s).text)
    : [indented ? ',' : ', ', ': '];
  if (itemSeparator === undefined || keySeparator === undefined || more.length > 0)
    return fail(run, 'separators are a pair: between items, and after a key');
  const json = toJson(run, value, {
    ensureAscii: isTrue(ensureAscii),
    itemSeparator,
    keySeparator,
    sortKeys: isTrue(sortKeys),
    ...(indented && { indent: margin(run, width).text }),
  });
  chargeObjects(run, 2);
  return untrusted(json);
}

export const textFilters: Record<string, Builtin<Value>> = {
  string: ['', (run, value) => toText(run, value)],
  safe: ['', (run, value) => toText(run, value)],
  upper: printed(textMethods.upper),
  lower: printed(textMethods.lower),
  capitalize: printed(textMethods.capitalize),
  trim: printed(textMethods.strip),
  title: ['', (run, value) => mapText(run, toText(run, value), (text) => title(run, text))],
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
  indent: ['width first blank', indent],
  tojson: ['ensure_ascii indent separators sort_keys', toJsonText],
};
