import { ResourceError } from '../../base/errors.ts';
import { counted } from '../../base/numbers.ts';

/** The most that a schema may ask for. Schemas come from outside, and a few short ones mean grammars of any size. */
export const limits = {
  values: { max: 500_000, why: 'the largest real schemas have some 100,000 values' },
  depth: { max: 256, why: 'real schemas nest under 40 deep, and recursion must end' },
  expressions: { max: 50_000, why: 'each is a set of values with a rule of its own' },
  alternatives: { max: 1_000, why: 'allOf and anyOf inside each other multiply' },
  work: { max: 400_000, why: 'each step of work intersects two sets of values, or looks whether one has any' },
  conditions: { max: 12, why: 'the ways to meet so many on the same array or object double with each' },
  rules: { max: 50_000, why: 'the largest real schemas need a few thousand' },
  patterns: { max: 64, why: 'keys are told apart by each pattern and its opposite' },
  search: { max: 60_000, why: 'whether patterns have a text in common is found out by looking for one' },
} as const;

/** Refuses `value` above the named limit; `where` is a JSON pointer. */
export function checkLimit(limit: keyof typeof limits, value: number, where: string): void {
  const { max, why } = limits[limit];
  if (value <= max) return;
  throw new ResourceError(
    `${at(where)} of the schema: ${limit} came to ${counted(value)}, at most ${counted(max)} (${why}); simplify the schema`,
  );
}

/** Counts a step of work on one schema, or one that is as much as `n` of them. */
export function countWork(context: { work: number; readonly where: string }, where = context.where, n = 1): void {
  context.work += n;
  checkLimit('work', context.work, where);
}

/** A JSON pointer as messages show it. */
export const at = (pointer: string): string =>
  pointer === '' ? 'the root' : pointer.length > 200 ? `${pointer.slice(0, 200)}…` : pointer;
