/**
 * Formats that strings are held to. The specification leaves open whether `format` is an annotation or an assertion; here it is the latter,
 * for what a model writes should be a date where a date is asked for. A format that is not known is an annotation.
 */
import { regularOfRegexp } from '../regexp.ts';
import type { Regular } from '../regular.ts';
import { spelt, type Ranges } from './texts.ts';

interface Format {
  readonly source: string;
  /** The format has texts beside these. */
  readonly isStrict?: boolean;
}

const leap = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)';
const date =
  '([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|' +
  `${leap}-02-29)`;
const fraction = '(\\.[0-9]{1,9})?';
const time =
  `(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]${fraction}([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])|` +
  `23:59:60${fraction}([Zz]|[+-]00:00))`;

const dayPart = '[0-9]{1,9}D';
const monthPart = `[0-9]{1,9}M(${dayPart})?`;
const secondPart = '[0-9]{1,9}S';
const minutePart = `[0-9]{1,9}M(${secondPart})?`;
const timePart = `T([0-9]{1,9}H(${minutePart})?|${minutePart}|${secondPart})`;
const duration = `P((${dayPart}|${monthPart}|[0-9]{1,9}Y(${monthPart})?)(${timePart})?|${timePart}|[0-9]{1,9}W)`;

const byte = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${byte}(\\.${byte}){3}`;
const h16 = '[0-9A-Fa-f]{1,4}';
const ls32 = `(${h16}:${h16}|${ipv4})`;
const ipv6 = `(${[
  `(${h16}:){6}${ls32}`,
  `::(${h16}:){5}${ls32}`,
  `(${h16})?::(${h16}:){4}${ls32}`,
  `((${h16}:){0,1}${h16})?::(${h16}:){3}${ls32}`,
  `((${h16}:){0,2}${h16})?::(${h16}:){2}${ls32}`,
  `((${h16}:){0,3}${h16})?::${h16}:${ls32}`,
  `((${h16}:){0,4}${h16})?::${ls32}`,
  `((${h16}:){0,5}${h16})?::${h16}`,
  `((${h16}:){0,6}${h16})?::`,
].join('|')})`;

const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const shortLabel = '[A-Za-z0-9]([A-Za-z0-9-]{0,28}[A-Za-z0-9])?';
/**
 * No label has hyphens in the third and fourth place: such labels stand for others, which have rules of their own. At most 253 characters:
 * few long labels, or more short ones.
 */
const hostname = `(?!([^.]*\\.)*[^.]{2}--)(${label}(\\.${label}){0,2}|${shortLabel}(\\.${shortLabel}){0,7})`;

const atomText = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const quotedText = '"([ !#-\\[\\]-~]|\\\\[ -~])*"';
const mailHost = `(${label}(\\.${label})+|\\[(${ipv4}|IPv6:${ipv6})\\])`;
const email = `(${atomText}(\\.${atomText})*|${quotedText})@${mailHost}`;

/** RFC 3986; RFC 3987 adds the code points of `more`. */
function uriOf(more: string, isReference: boolean): string {
  const unreserved = `\\-A-Za-z0-9._~${more}`;
  const percent = '%[0-9A-Fa-f]{2}';
  const pchar = `([${unreserved}!$&'()*+,;=:@]|${percent})`;
  const future = "v[0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+";
  const host = `(\\[(${ipv6}|${future})\\]|([${unreserved}!$&'()*+,;=]|${percent})*)`;
  const authority = `(([${unreserved}!$&'()*+,;=:]|${percent})*@)?${host}(:[0-9]*)?`;
  const absolute = `//${authority}(/${pchar}*)*|/(${pchar}+(/${pchar}*)*)?`;
  const tail = `(\\?(${pchar}|[/?])*)?(#(${pchar}|[/?])*)?`;
  const uri = `[A-Za-z][A-Za-z0-9+.-]*:(${absolute}|${pchar}+(/${pchar}*)*)${tail}`; // some text behind the scheme: `x:` alone is hardly meant
  if (!isReference) return uri;
  const first = `([${unreserved}!$&'()*+,;=@]|${percent})`; // no colon: that would be a scheme's
  return `(${uri}|(${absolute}|${first}+(/${pchar}*)*|)${tail})`;
}

const more =
  '\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}\\u{10000}-\\u{1fffd}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}';

const variable = '([A-Za-z0-9_]|%[0-9A-Fa-f]{2})(\\.?([A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(:[1-9][0-9]{0,3}|\\*)?';
const template = `([!#$&(-;=?@A-Z\\[\\]_a-z~]|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?${variable}(,${variable})*\\})*`;

const pointer = '(/([^~/]|~[01])*)*';
const plainPiece =
  '([A-Za-z0-9 _@#%&=:;,<>!~"\'-]|\\\\[dDwWsS.*+?()^$|/\\\\]|\\.|\\[\\^?[A-Za-z0-9_]([A-Za-z0-9_])*\\])[*+?]?';
const pieces = `(${plainPiece})*`;

/** By name: what all of the string is. */
const formats: Readonly<Record<string, Format>> = {
  date: { source: date },
  time: { source: time, isStrict: true },
  'date-time': { source: `${date}[Tt]${time}`, isStrict: true },
  duration: { source: duration, isStrict: true },
  email: { source: email, isStrict: true },
  'idn-email': { source: email, isStrict: true },
  hostname: { source: hostname, isStrict: true },
  'idn-hostname': { source: hostname, isStrict: true },
  ipv4: { source: ipv4 },
  ipv6: { source: ipv6 },
  uri: { source: uriOf('', false), isStrict: true },
  'uri-reference': { source: uriOf('', true), isStrict: true },
  iri: { source: uriOf(more, false), isStrict: true },
  'iri-reference': { source: uriOf(more, true), isStrict: true },
  'uri-template': { source: template, isStrict: true },
  uuid: { source: '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}' },
  'json-pointer': { source: pointer },
  'relative-json-pointer': { source: `(0|[1-9][0-9]{0,15})(#|${pointer})`, isStrict: true },
  regex: { source: `\\^?${pieces}(\\(${pieces}\\|${pieces}\\)${pieces})?\\$?`, isStrict: true },
};

/** By name: how bytes are written as a string, `contentEncoding`. */
const encodings: Readonly<Record<string, Format>> = {
  base64: { source: '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?', isStrict: true },
};

const made = new Map<string, Regular>();

export interface FormatTexts {
  readonly contents: Regular;
  readonly isStrict: boolean;
}

/** The contents of strings in the format; nothing for one that is not known. @param spell how a character of the string is written */
export const formatTexts = (name: string, spell = spelt): FormatTexts | undefined => textsIn(formats, name, spell);

/** The contents of strings in the encoding; nothing for one that is not known. */
export const encodedTexts = (name: string): FormatTexts | undefined => textsIn(encodings, name.toLowerCase(), spelt);

function textsIn(
  table: Readonly<Record<string, Format>>,
  name: string,
  spell: (ranges: Ranges) => Regular,
): FormatTexts | undefined {
  if (!Object.hasOwn(table, name)) return undefined;
  const { source, isStrict = false } = table[name]!;
  const key = spell === spelt ? source : `plain ${source}`;
  const contents = made.get(key) ?? regularOfRegexp(`^(${source})$`, 'u', spell);
  made.set(key, contents);
  return { contents, isStrict };
}
