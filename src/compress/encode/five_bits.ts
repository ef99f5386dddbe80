import { writeWord } from '../../quants/rounding.ts';

/** Writes 32 levels of five bits as q5_0 and q5_1 keep them: a word of fifth bits at `dst[at]`, then the low four, two a byte. */
export function writeFiveBits(levels: Uint8Array, dst: Uint8Array, at: number): void {
  let fifth = 0;
  for (let j = 0; j < 16; j++) {
    const low = levels[j]!;
    const high = levels[j + 16]!;
    fifth |= ((low >> 4) << j) | ((high >> 4) << (j + 16));
    dst[at + 4 + j] = (low & 15) | ((high & 15) << 4);
  }
  writeWord(dst, at, fifth);
}
