/** Checks of what a caller passes: they throw the TypeError or RangeError that says what came and what was expected. */

export interface NumberLimits {
  readonly min: number;
  /** Default: no upper limit. */
  readonly max?: number;
  readonly isInteger?: boolean;
}

export const isInside = (value: number, { min, max = Infinity, isInteger }: NumberLimits): boolean =>
  value >= min && value <= max && (!isInteger || Number.isInteger(value));

/** Throws unless `value` is a number inside the limits. */
export function checkNumber(name: string, value: unknown, limits: NumberLimits): void {
  if (typeof value !== 'number') throw new TypeError(`${name} is ${kindOf(value)}, expected a number`);
  if (isInside(value, limits)) return;
  const { min, max, isInteger } = limits;
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new RangeError(`${name} is ${value}, expected a ${isInteger ? 'whole number' : 'number'} ${range}`);
}

export const checkWhole = (name: string, value: unknown, limits: NumberLimits): void =>
  checkNumber(name, value, { ...limits, isInteger: true });

/** Returns `value` if it is one of the choices. */
export function checkOneOf<T>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new RangeError(
    `${name} is ${JSON.stringify(value)}, expected one of ${choices.filter((choice) => choice !== undefined).join(', ')}`,
  );
}

/** Refuses options that nobody reads: a misspelled one would be passed over in silence. `hint` says what a name may be meant for. */
export function checkNames(
  what: string,
  options: object,
  names: readonly string[],
  hint = (name: string): string | undefined => (nearest(name, names) ? `is it ${nearest(name, names)}?` : undefined),
): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = hint(name);
    const all = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
    throw new TypeError(`unknown ${what} ${name}${meant === undefined ? '' : ` (${meant})`}; ${all}`);
  }
}

/** The one among `names` that `name` may be meant for: `max_tokens` is maxTokens. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const near = names.map((known) => ({ known, letters: lettersBetween(plain(name), plain(known)) }));
  const likely = near.filter(({ known, letters }) => letters <= Math.min(2, plain(known).length >> 1));
  return likely.sort((a, b) => a.letters - b.letters)[0]?.known;
}

/** A name without what spellings differ in: `max_tokens` and `maxTokens` are `maxtokens`. */
export const plain = (name: string): string => name.toLowerCase().replace(/[_\s-]/g, '');

/** How long the one place is in which two names differ: one letter more, one less, another, two swapped. */
function lettersBetween(name: string, known: string): number {
  const [shorter, longer] = [Math.min(name.length, known.length), Math.max(name.length, known.length)];
  let nBegin = 0;
  while (nBegin < shorter && name[nBegin] === known[nBegin]) nBegin++;
  let nEnd = 0;
  while (nEnd < shorter - nBegin && name.at(-1 - nEnd) === known.at(-1 - nEnd)) nEnd++;
  return longer - nBegin - nEnd;
}

/** The name of a built-in object's class. Other than `instanceof` it knows those of other realms: frames, Node's vm, test runners. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** What kind of thing came, for a message: `null`, `string`, `a list`, `an object`, `a Response`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return typeof value;
  const made = tagOf(value);
  return made === 'Object' ? 'an object' : `${/^[AEIOU]/.test(made) ? 'an' : 'a'} ${made}`;
}

/** Options without those that are null: they count as left out, as they do in JSON. */
export const given = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as T;

/** Tokens in any array. */
export function tokensOf(tokens: unknown): number[] {
  const isList = Array.isArray(tokens) || (ArrayBuffer.isView(tokens) && tagOf(tokens) !== 'DataView');
  const list: unknown[] = isList ? Array.from(tokens as ArrayLike<unknown>) : [];
  const bad = list.findIndex((token) => typeof token !== 'number');
  if (isList && bad < 0) return list as number[];
  const came = isList ? `tokens[${bad}] is ${kindOf(list[bad])}` : `tokens is ${kindOf(tokens)}`;
  throw new TypeError(`${came}, expected a list of tokens, which are numbers (model.tokenize makes them)`);
}
