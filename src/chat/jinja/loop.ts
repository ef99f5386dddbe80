/** The variable `loop` inside a for loop. */
import { unknownName, type Run } from './run.ts';
import type { Obj, Value } from './values.ts';

export interface LoopState {
  /** From 0. */
  index: number;
  readonly items: readonly Value[];
}

const FIELDS = new Map<string, (state: LoopState) => Value | undefined>([
  ['index', ({ index }) => index + 1],
  ['index0', ({ index }) => index],
  ['revindex', ({ index, items }) => items.length - index],
  ['revindex0', ({ index, items }) => items.length - index - 1],
  ['first', ({ index }) => index === 0],
  ['last', ({ index, items }) => index === items.length - 1],
  ['length', ({ items }) => items.length],
  ['previtem', ({ index, items }) => items[index - 1]],
  ['nextitem', ({ index, items }) => items[index + 1]],
]);

/** A field that Jinja has and this has not would print as nothing: every other name is an error. */
export function loopVariable(run: Run, state: LoopState): Obj {
  const get = (name: string) => {
    const field = FIELDS.get(name);
    if (!field) throw unknownName(run.line, 'field of loop', name, FIELDS.keys());
    return field(state);
  };
  return { kind: 'object', name: 'loop', get };
}
