/** Sets of code points as sorted ranges that do not touch. */
export type Ranges = readonly (readonly [number, number])[];

const LAST = 0x10ffff;
export const allCodes: Ranges = [[0, LAST]];

export function union(sets: readonly Ranges[]): Ranges {
  const found: [number, number][] = [];
  for (const [first, last] of sets.flat().sort((a, b) => a[0] - b[0])) {
    const before = found.at(-1);
    if (before && before[1] >= first - 1) before[1] = Math.max(before[1], last);
    else found.push([first, last]);
  }
  return found;
}

export function others(set: Ranges): Ranges {
  const found: [number, number][] = [];
  let from = 0;
  for (const [first, last] of union([set])) {
    if (first > from) found.push([from, first - 1]);
    from = last + 1;
  }
  if (from <= LAST) found.push([from, LAST]);
  return found;
}

export const intersection = (a: Ranges, b: Ranges): Ranges => others(union([others(a), others(b)]));

const codes = (text: string): Ranges => [...text].map((char) => [char.codePointAt(0)!, char.codePointAt(0)!] as const);

export const digits: Ranges = [[0x30, 0x39]];
export const wordChars: Ranges = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]; // prettier-ignore
export const lineEnds = codes('\n\r\u2028\u2029');
export const spaces = union([codes('\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff'), [[0x2000, 0x200a]]]);

/** Unicode's properties as they were asked for: each takes some milliseconds. */
const properties = new Map<string, Ranges>();

/** The code points of `\p{name}`, as this engine's own regular expressions know them. */
export function property(name: string): Ranges {
  const known = properties.get(name);
  if (known) return known;
  const every = new RegExp(`\\p{${name}}`, 'u'); // the caller has checked that there is such a property
  const found: [number, number][] = [];
  for (let code = 0; code <= LAST; code++) {
    if (code === 0xd800) code = 0xe000; // surrogates are no code points of a text
    if (!every.test(String.fromCodePoint(code))) continue;
    const last = found.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else found.push([code, code]);
  }
  properties.set(name, found);
  return found;
}

/** The set with what differs from its members in case only. */
export function anyCase(set: Ranges): Ranges {
  const added: [number, number][] = [];
  for (const [a, b] of casePairs()) {
    if (has(set, a)) added.push([b, b]);
    if (has(set, b)) added.push([a, a]);
  }
  return union([set, added]);
}

export const has = (set: Ranges, code: number): boolean => set.some(([first, last]) => first <= code && code <= last);

let pairs: (readonly [number, number])[] | undefined;

/** Letters and what they are in another case, one code point each. */
function casePairs(): readonly (readonly [number, number])[] {
  if (pairs) return pairs;
  pairs = [];
  for (let code = 0; code <= 0x1ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const char = String.fromCodePoint(code);
    for (const other of new Set([char.toLowerCase(), char.toUpperCase()])) {
      const folded = other.codePointAt(0)!;
      if (folded !== code && other.length === String.fromCodePoint(folded).length) pairs.push([code, folded]);
    }
  }
  return pairs;
}
