import type { Item } from '../grammar.ts';
import { empty, type Regular } from '../regular.ts';
import type { Context, Values } from './sets.ts';

/** What may stand between tokens. */
export interface Space {
  /** Behind `{` and `[`, and before `}` and `]`. */
  readonly inside: Regular;
  readonly comma: Regular;
  readonly colon: Regular;
  /** Objects of named properties have no others, where these may be anything. */
  readonly isNamedOnly?: boolean;
}

export interface Emitter {
  readonly context: Context;
  readonly space: Space;
  /** What spells one of the values. */
  itemOf(values: Values): Item;
  /** A new rule that is made when it is needed. */
  rule(make: () => Item): Item;
  /** The same for what is the rest of another: what is distinct there is so here. */
  rest(make: () => Item): Item;
}

export const text = (regular: Regular): Item => ({ kind: 'text', regular });
export const sequenceItem = (items: readonly Item[]): Item =>
  items.length === 1 ? items[0]! : { kind: 'sequence', items };
export const choiceItem = (items: readonly Item[]): Item =>
  items.length === 1 ? items[0]! : { kind: 'choice', items };
export const optionalItem = (item: Item): Item => ({ kind: 'choice', items: [text(empty), item] });
