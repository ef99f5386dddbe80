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
