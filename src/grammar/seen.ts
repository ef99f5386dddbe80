import { bytes, either, nothing, sequenceOf, type Regular } from './regular.ts';

/** The distinct texts that came in a scope, in the order in which they came. Equal ones are the same object. */
export interface Seen {
  readonly id: number;
  /** Any of the texts. */
  readonly texts: Regular;
  /** By text: the set with it. */
  readonly more: Map<string, Seen>;
}

/** Sets of what came. A text is a string of bytes, a character for each. */
export class SeenSets {
  readonly none: Seen = { id: 0, texts: nothing, more: new Map() };
  #n = 1;

  with(seen: Seen, word: string): Seen {
    const known = seen.more.get(word);
    if (known) return known;
    const text = sequenceOf(Array.from(word, (byte) => bytes([[byte.charCodeAt(0), byte.charCodeAt(0)]])));
    const made: Seen = { id: this.#n++, texts: either([seen.texts, text]), more: new Map() };
    seen.more.set(word, made);
    return made;
  }
}
