import type { Item } from '../grammar.ts';
import { sequence, type Regular } from '../regular.ts';
import { sequenceItem, text, type Emitter } from './emitter.ts';
import type { Values } from './sets.ts';
import { quoted } from './texts.ts';

/** A named property that may come. */
export interface Member {
  readonly name: string;
  /** The contents of its key. */
  readonly key: Regular;
  readonly values: Values;
  readonly isRequired: boolean;
}

/** A key with its value. */
export const property = (emitter: Emitter, key: Regular, values: Values): Item =>
  sequenceItem([text(sequence(quoted(key), emitter.space.colon)), emitter.itemOf(values)]);
