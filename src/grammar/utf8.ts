type Range = readonly [number, number];

/** Code points that take 1, 2, 3 and 4 bytes; surrogates are no code points of a text. */
const lengths: readonly Range[] = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];

/** The code points `first … last` as UTF-8: each row is a range for each byte, and all combinations are meant. */
export function utf8Sequences(first: number, last: number): Range[][] {
  if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && last <= 0x10ffff && first <= last)) {
    throw new RangeError(`a range of code points goes from 0 to 0x10ffff, in order; got ${first} to ${last}`);
  }
  const found: Range[][] = [];
  for (const [low, high] of lengths) {
    if (first <= high && last >= low) split(Math.max(first, low), Math.min(last, high), found);
  }
  return found;
}

/** Both ends take the same number of bytes. Splits until bytes behind the first one that differs are whole ranges. */
function split(first: number, last: number, found: Range[][]): void {
  for (let bits = 6; bits <= 18 && last > 0x7f; bits += 6) {
    const mask = (1 << bits) - 1;
    if (first >> bits === last >> bits) continue;
    if ((first & mask) !== 0) {
      split(first, first | mask, found);
      split((first | mask) + 1, last, found);
      return;
    }
    if ((last & mask) !== mask) {
      split(first, (last & ~mask) - 1, found);
      split(last & ~mask, last, found);
      return;
    }
  }
  const from = encode(first);
  const to = encode(last);
  found.push(from.map((byte, i): Range => [byte, to[i]!]));
}

function encode(code: number): number[] {
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), tail(0)];
  if (code < 0x10000) return [0xe0 | (code >> 12), tail(6), tail(0)];
  return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)];
}
