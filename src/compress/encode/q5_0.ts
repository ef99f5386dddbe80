/** Floats to q5_0, to the bytes that ggml makes; `src/quants/q5_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize } from '../../quants/q5_0.ts';
import { f32, inverse, largest, writeWord } from '../../quants/rounding.ts';

/** The weight of largest magnitude gets level 0, that is -16 scales: the end of the range that reaches further. */
export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = f32(largest(src, s, blockSize) / -16);
    const perScale = inverse(scale);
    let fifth = 0;
    for (let j = 0; j < 16; j++) {
      const low = Math.min(31, f32(f32(src[s + j]! * perScale) + 16.5) | 0);
      const high = Math.min(31, f32(f32(src[s + j + 16]! * perScale) + 16.5) | 0);
      fifth |= ((low >> 4) << j) | ((high >> 4) << (j + 16));
      dst[d + 6 + j] = (low & 15) | (high << 4);
    }
    writeHalf(dst, d, scale);
    writeWord(dst, d + 2, fifth);
  }
}
