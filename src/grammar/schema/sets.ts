/** Sets of JSON values: what a schema means. */
import type { Regular } from '../regular.ts';
import type { SchemaDocument, Place } from './document.ts';
import type { Json } from './json.ts';
import type { NumberSet } from './numbers.ts';

/**
 * A set of values, not yet looked at: schemas refer to each other in circles, so what an array or object holds is worked out when it is
 * needed. Equal ones are the same object.
 */
export type Values = { readonly id: number } & (
  | { readonly kind: 'any' }
  | { readonly kind: 'none' }
  | { readonly kind: 'place'; readonly place: Place; readonly scope: Scope }
  | { readonly kind: 'only'; readonly value: Json }
  | { readonly kind: 'both'; readonly parts: readonly Values[] }
  | { readonly kind: 'either'; readonly parts: readonly Values[] }
  | { readonly kind: 'not'; readonly part: Values }
);

/** What `$dynamicRef` means on the way that led here: the outermost place of each dynamic anchor. */
export interface Scope {
  readonly key: string;
  readonly anchors: ReadonlyMap<string, Place>;
}

/** A set of values, told apart by type. Arrays and objects are those of any of the alternatives. */
export interface Shape {
  readonly hasNull: boolean;
  readonly booleans: readonly boolean[];
  readonly numbers: NumberSet;
  /** Contents of strings. */
  readonly strings: Regular;
  readonly arrays: readonly ArrayShape[];
  readonly objects: readonly ObjectShape[];
  /** Where something is held to more than the schema says, so that the opposite is not known: a keyword with its pointer. */
  readonly strict: string | undefined;
}

export interface ArrayShape {
  readonly prefix: readonly Values[];
  readonly rest: Values;
  readonly min: number;
  readonly max: number;
  readonly contains: readonly Contains[];
  /** The pointer of the `uniqueItems` that asks for different items. */
  readonly unique: string | undefined;
}

/** `min` to `max` of the items from the index `from` on are such values. */
export interface Contains {
  readonly values: Values;
  readonly from: number;
  readonly min: number;
  readonly max: number;
}

export interface ObjectShape {
  /** In the order in which they come. */
  readonly named: ReadonlyMap<string, Property>;
  /** Keys that are not named, told apart by languages that share no text. Other keys are not allowed. */
  readonly others: readonly Keys[];
  readonly min: number;
  readonly max: number;
  /** Of each, at least one property is there. */
  readonly some: readonly Keys[];
}

export interface Property {
  readonly isRequired: boolean;
  readonly values: Values;
}

/** Properties whose key's contents are one of `keys`, and whose value is one of `values`. */
export interface Keys {
  readonly keys: Regular;
  readonly values: Values;
}

/** One way to be valid, where it matters which (`unevaluated…`). */
export interface Way {
  readonly shape: Shape;
  /** Contents of the keys that it evaluates. */
  readonly keys: Regular;
  /** How many items from the first on it evaluates. */
  readonly nItems: number;
  /** Any other items that it evaluates. */
  readonly items: Values;
}

/** What the parts of this compiler share while they work on one schema. */
export interface Context {
  readonly document: SchemaDocument;
  readonly known: Map<string, Values>;
  /** Ways to be valid that were told apart. */
  readonly ways: Map<Values, readonly Way[]>;
  work: number;
  /** How many states of automata were looked at. */
  nStates: number;
  /** Where the work is, for messages. */
  where: string;
  shapeOf(values: Values): Shape;
  /** Whether it is proved that there is no such value. */
  isEmpty(values: Values): boolean;
}
