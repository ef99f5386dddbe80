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

/** A key that is named, with its value. */
export const namedProperty = (emitter: Emitter, { key }: Member, values: Values): Item =>
  sequenceItem([text(sequence(quoted(key), emitter.space.colon)), emitter.itemOf(values)]);

/** A key that is not named, and came not yet, with its value. */
export const openProperty = (emitter: Emitter, keys: Regular, values: Values): Item =>
  sequenceItem([
    { kind: 'text', regular: quoted(keys), distinct: true },
    text(emitter.space.colon),
    emitter.itemOf(values),
  ]);
