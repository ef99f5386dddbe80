/**
 * Many short texts in one buffer, as a model file holds them: eight bytes of length, then UTF-8, one text after the other. A
 * vocabulary has hundreds of thousands. As strings they would take longer than everything else about opening a model, so a
 * text becomes a string when someone asks for it, and is looked up by its bytes.
 */
const lengthBytes = 8;

const encoder = new TextEncoder();
// A byte order mark is a token in some vocabularies, not a mark. Invalid UTF-8 becomes U+FFFD: some hold pieces of characters.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Texts {
  readonly length: number;
  /** The texts with their lengths, one after the other. */
  readonly bytes: Uint8Array;
  /** `[length]` where each text ends in `bytes`. */
  readonly ends: Uint32Array;

  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.length = ends.length;
    this.bytes = bytes;
    this.ends = ends;
  }

  static of(strings: readonly string[]): Texts {
    const parts = strings.map((text) => encoder.encode(text));
    const ends = new Uint32Array(parts.length);
    let end = 0;
    parts.forEach((part, i) => (ends[i] = end += lengthBytes + part.length));
    const bytes = new Uint8Array(end);
    parts.forEach((part, i) => bytes.set(part, ends[i]! - part.length));
    return new Texts(bytes, ends);
  }

  /** Undefined where there is no such text. */
  at(i: number): string | undefined {
    return this.ends[i] === undefined ? undefined : decoder.decode(this.bytesAt(i));
  }

  bytesAt(i: number): Uint8Array {
    return this.bytes.subarray(this.begin(i), this.ends[i]!);
  }

  nBytes(i: number): number {
    return this.ends[i]! - this.begin(i);
  }

  /** Says nothing about an empty text. */
  firstByte(i: number): number {
    return this.bytes[this.begin(i)]!;
  }

  /** Copies a text's bytes and returns where they end in `into`. */
  copy(i: number, into: Uint8Array, at: number): number {
    const end = this.ends[i]!;
    for (let from = this.begin(i); from < end; from++) into[at++] = this.bytes[from]!;
    return at;
  }

  /** Whether text `i` is these `nBytes` of `other`. */
  equals(i: number, other: Uint8Array, begin: number, nBytes: number): boolean {
    if (this.nBytes(i) !== nBytes) return false;
    const from = this.begin(i);
    for (let b = 0; b < nBytes; b++) if (this.bytes[from + b] !== other[begin + b]) return false;
    return true;
  }

  /** Whether two of the texts are the same. */
  same(i: number, j: number): boolean {
    return this.equals(i, this.bytes, this.begin(j), this.nBytes(j));
  }

  *[Symbol.iterator](): Generator<string> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!;
  }

  private begin(i: number): number {
    return (i === 0 ? 0 : this.ends[i - 1]!) + lengthBytes;
  }
}

/** FNV-1a from a seed, its high bits folded down. */
function hashBytes(bytes: Uint8Array, begin: number, end: number, seed: number): number {
  let hash = seed;
  for (let i = begin; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

/**
 * Where each of some texts stands among `texts`; of equal ones, the first. A flat hash table with open addressing, made when something is
 * first looked up: a model is ready without it.
 */
export class TextIndex {
  private readonly texts: Texts;
  private readonly accepts: (i: number) => boolean;
  /** A text's number plus one, or 0 where the slot is free. At most half are taken. */
  private slots: Int32Array | undefined;
  /** Drawn at random, so that no file can be made whose texts all fall together. */
  private readonly seed = (Math.random() * 2 ** 32) | 0;
  private scratch = new Uint8Array(256);

  /** @param accepts which texts can be found */
  constructor(texts: Texts, accepts: (i: number) => boolean = () => true) {
    this.texts = texts;
    this.accepts = accepts;
  }

  private fill(): Int32Array {
    const { texts, accepts, seed } = this;
    const { bytes, ends } = texts;
    const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * texts.length + 2)));
    const mask = slots.length - 1;
    let begin = lengthBytes;
    for (let i = 0; i < ends.length; begin = ends[i++]! + lengthBytes) {
      if (!accepts(i)) continue;
      let slot = hashBytes(bytes, begin, ends[i]!, seed) & mask;
      while (slots[slot] !== 0 && !texts.same(slots[slot]! - 1, i)) slot = (slot + 1) & mask;
      if (slots[slot] === 0) slots[slot] = i + 1;
    }
    return slots;
  }

  /** The text that is the first `nBytes` of `bytes`; -1 where there is none. */
  find(bytes: Uint8Array, nBytes: number): number {
    const slots = (this.slots ??= this.fill());
    const mask = slots.length - 1;
    for (let slot = hashBytes(bytes, 0, nBytes, this.seed) & mask; ; slot = (slot + 1) & mask) {
      const i = slots[slot]! - 1;
      if (i === -1 || this.texts.equals(i, bytes, 0, nBytes)) return i;
    }
  }

  /** Calls `found` with each text that stands in `bytes` at `begin` and ends at `end` or before, the shortest first. */
  findEach(bytes: Uint8Array, begin: number, end: number, found: (nBytes: number, i: number) => void): void {
    const slots = (this.slots ??= this.fill());
    const mask = slots.length - 1;
    let hash = this.seed;
    for (let at = begin; at < end; at++) {
      hash = Math.imul(hash ^ bytes[at]!, 0x01000193); // as `hashBytes` goes on
      const nBytes = at + 1 - begin;
      for (let slot = (hash ^ (hash >>> 15)) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        if (!this.texts.equals(slots[slot]! - 1, bytes, begin, nBytes)) continue;
        found(nBytes, slots[slot]! - 1);
        break;
      }
    }
  }

  get(text: string): number | undefined {
    if (3 * text.length > this.scratch.length) this.scratch = new Uint8Array(6 * text.length);
    const i = this.find(this.scratch, encoder.encodeInto(text, this.scratch).written);
    return i === -1 ? undefined : i;
  }
}
