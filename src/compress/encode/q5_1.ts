/** Floats to q5_1, to the bytes that ggml makes; `src/quants/q5_1.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize } from '../../quants/q5_1.ts';
import { f32, highest, inverse, lowest, writeWord } from '../../quants/rounding.ts';

export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const min = lowest(src, s, blockSize);
    const scale = f32(f32(highest(src, s, blockSize) - min) / 31);
    const perScale = inverse(scale);
    let fifth = 0;
    for (let j = 0; j < 16; j++) {
      const low = Math.min(31, f32(f32(f32(src[s + j]! - min) * perScale) + 0.5) | 0);
      const high = Math.min(31, f32(f32(f32(src[s + j + 16]! - min) * perScale) + 0.5) | 0);
      fifth |= ((low >> 4) << j) | ((high >> 4) << (j + 16));
      dst[d + 8 + j] = (low & 15) | (high << 4);
    }
    writeHalf(dst, d, scale);
    writeHalf(dst, d + 2, min);
    writeWord(dst, d + 4, fifth);
  }
}
