/** A set of bytes: bit b % 32 of word b / 32. `[8]` */
export type ByteSet = Uint32Array;

export function byteSet(ranges: readonly (readonly [number, number])[]): ByteSet {
  const set = new Uint32Array(8);
  for (const [first, last] of ranges) {
    if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && last <= 255 && first <= last)) {
      throw new RangeError(`a range of bytes goes from 0 to 255, in order; got ${first} to ${last}`);
    }
    for (let byte = first; byte <= last; byte++) set[byte >> 5]! |= 1 << (byte & 31);
  }
  return set;
}

export const hasByte = (set: ByteSet, byte: number): boolean => ((set[byte >> 5]! >>> (byte & 31)) & 1) !== 0;

export const isEmptySet = (set: ByteSet): boolean => set.every((word) => word === 0);

export const union = (a: ByteSet, b: ByteSet): ByteSet => a.map((word, i) => word | b[i]!);

export const intersection = (a: ByteSet, b: ByteSet): ByteSet => a.map((word, i) => word & b[i]!);
