/** The variable `loop` inside a for loop. */
import { equal } from './compare.ts';
import { fail } from './run.ts';
import { callable, orElse, seq, undef, type Obj, type Value } from './values.ts';

export interface LoopState {
  /** From 0. */
  index: number;
  readonly items: readonly Value[];
  /** How many loops of the same recursive kind are around this one. */
  readonly depth: number;
  /** Renders the loop's body over other items; only a recursive loop has it. */
  readonly again?: (over: Value) => Value;
}

const FIELDS = new Map<string, (state: LoopState) => Value>([
  ['index', ({ index }) => index + 1],
  ['index0', ({ index }) => index],
  ['revindex', ({ index, items }) => items.length - index],
  ['revindex0', ({ index, items }) => items.length - index - 1],
  ['first', ({ index }) => index === 0],
  ['last', ({ index, items }) => index === items.length - 1],
  ['length', ({ items }) => items.length],
  ['depth', ({ depth }) => depth + 1],
  ['depth0', ({ depth }) => depth],
  ['previtem', ({ index, items }) => orElse(items[index - 1], () => undef('there is no previous item'))],
  ['nextitem', ({ index, items }) => orElse(items[index + 1], () => undef('there is no next item'))],
]);

export function loopVariable(state: LoopState): Obj {
  let previous: Value | undefined;
  const cycle = callable('cycle', (run, { positional }) =>
    orElse(positional[state.index % positional.length], () => fail(run, 'loop.cycle() needs a value')),
  );
  const changed = callable('changed', (run, { positional }) => {
    const now = seq('tuple', [...positional]);
    const same = previous !== undefined && equal(run, previous, now);
    previous = now;
    return !same;
  });
  return {
    kind: 'object',
    name: 'loop',
    get: (name) => (name === 'cycle' ? cycle : name === 'changed' ? changed : FIELDS.get(name)?.(state)),
    call: (run, { positional: [over] }) => {
      if (!state.again) return fail(run, 'loop() needs {% for … recursive %}');
      return state.again(orElse(over, () => fail(run, 'loop() needs something to loop over')));
    },
  };
}
