import { UnsupportedError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';

/** The most that a grammar may ask for. Grammars come from outside, and some are written to be slow. */
export const limits = {
  depth: { max: 1_000, why: 'expressions inside expressions are walked by recursion, which must end' },
  optional: {
    max: 1_000,
    why: 'each of the parts that may be left out, one behind the other, is a way to read the next byte',
  },
  parts: { max: 5_000, why: 'a state that is so many alternatives costs more than a token of the model' },
  textLength: { max: 4 * 2 ** 20, why: 'the largest real schemas have under 1 MB' },
  rules: { max: 100_000, why: 'the largest real grammars have a few thousand' },
  nodes: { max: 1_000_000, why: 'each node of a grammar is a handful of numbers in memory' },
  work: { max: 20_000_000, why: 'reading a grammar in so many steps would take a second' },
  leftRecursion: { max: 200, why: 'rules that begin with each other are rewritten pair by pair' },
  states: { max: 400_000, why: 'each state of an automaton takes about a kilobyte' },
  search: { max: 20_000, why: 'whether an intersection has any text is found out by looking for one' },
  searches: { max: 60_000, why: 'all texts of a grammar together are not to take more than seconds' },
  threads: { max: 2_000, why: 'a text that can be read in so many ways at once is too ambiguous to follow' },
  steps: { max: 200_000, why: 'rules that call each other without a text between them, that many deep' },
  stackDepth: { max: 2_000, why: 'real texts nest a few dozen levels deep' },
  walk: { max: 50_000_000, why: 'a mask that takes so many steps would take a second' },
} as const;

/** An automaton that many grammars share is left to them when it has grown so large; later grammars begin another. */
export const sharedStates = (): number => limits.states.max / 10;

/** A grammar whose automaton has grown so large is better made again. */
export const wornStates = (): number => limits.states.max / 4;

/** Refuses `value` above the named limit. */
export function checkLimit(limit: keyof typeof limits, value: number): void {
  const { max, why } = limits[limit];
  if (value > max) {
    throw new UnsupportedError(
      `the grammar's ${limit} came to ${counted(value)}, at most ${counted(max)} are supported (${why}); simplify it`,
    );
  }
}
