/** Floats to q4_0, to the bytes that ggml makes; `src/quants/q4_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { q4_0 } from '../../quants/q4_0.ts';
import { f32, inverse, largest } from '../../quants/rounding.ts';
import { fitScale } from './fit.ts';
import { fitBlocks } from './importance.ts';

const { blockBytes, blockSize } = q4_0;

/** The weight of largest magnitude gets level 0, that is -8 scales: the end of the range that reaches further. */
export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  if (importance) return quantizeWeighted(src, dst, importance);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = f32(largest(src, s, blockSize) / -8);
    const perScale = inverse(scale);
    writeHalf(dst, d, scale);
    for (let j = 0; j < 16; j++) {
      const low = Math.min(15, f32(f32(src[s + j]! * perScale) + 8.5) | 0);
      const high = Math.min(15, f32(f32(src[s + j + 16]! * perScale) + 8.5) | 0);
      dst[d + 2 + j] = low | (high << 4);
    }
  }
}

const quantizeWeighted = (src: Float32Array, dst: Uint8Array, columns: Float32Array): void =>
  fitBlocks(
    src,
    columns,
    (group) => fitScale(group, 8),
    ({ scale, levels }, block) => {
      const d = block * blockBytes;
      writeHalf(dst, d, scale);
      for (let j = 0; j < 16; j++) dst[d + 2 + j] = levels[j]! | (levels[j + 16]! << 4);
    },
  );
