/** Checks of what a caller passes: they throw the TypeError or RangeError that says what came and what was expected. */

export interface NumberLimits {
  readonly min: number;
  /** Default: no upper limit. */
  readonly max?: number;
  readonly isInteger?: boolean;
}

/** Throws unless `value` is a number inside the limits. */
export function checkNumber(name: string, value: unknown, { min, max, isInteger }: NumberLimits): void {
  if (typeof value !== 'number') throw new TypeError(`${name} is ${typeof value}, expected a number`);
  if (value >= min && value <= (max ?? Infinity) && (!isInteger || Number.isInteger(value))) return;
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new RangeError(`${name} is ${value}, expected a ${isInteger ? 'whole number' : 'number'} ${range}`);
}

export const checkWhole = (name: string, value: unknown, limits: NumberLimits): void =>
  checkNumber(name, value, { ...limits, isInteger: true });

/** Returns `value` if it is one of the choices. */
export function checkOneOf<T>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new RangeError(`${name} is ${JSON.stringify(value)}, expected one of ${choices.join(', ')}`);
}

/** Refuses options that nobody reads: a misspelled one would be passed over in silence. */
export function checkNames(what: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const known = nearest(name, names);
    const hint = known === undefined ? '' : ` (is it ${known}?)`;
    throw new TypeError(`unknown ${what} ${name}${hint}; there are ${names.join(', ')}`);
  }
}

/** The one among `names` that `name` may be meant for. */
export const nearest = (name: string, names: readonly string[]): string | undefined =>
  names.find((known) => isNear(name.toLowerCase(), known.toLowerCase()));

/** They differ in one place, by two letters at most: one more, one less, another, two swapped. */
function isNear(name: string, known: string): boolean {
  const [shorter, longer] = [Math.min(name.length, known.length), Math.max(name.length, known.length)];
  let nBegin = 0;
  while (nBegin < shorter && name[nBegin] === known[nBegin]) nBegin++;
  let nEnd = 0;
  while (nEnd < shorter - nBegin && name.at(-1 - nEnd) === known.at(-1 - nEnd)) nEnd++;
  return longer - nBegin - nEnd <= Math.min(2, known.length >> 1);
}
