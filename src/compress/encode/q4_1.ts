/** Floats to q4_1, to the bytes that ggml makes; `src/quants/q4_1.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { q4_1 } from '../../quants/q4_1.ts';
import { f32, highest, inverse, lowest } from '../../quants/rounding.ts';
import { fineGrid, fitScaleMin } from './fit.ts';
import { fitBlocks } from './importance.ts';

const { blockBytes, blockSize } = q4_1;

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  if (importance) return quantizeWeighted(src, dst, importance);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const min = lowest(src, s, blockSize);
    const scale = f32(f32(highest(src, s, blockSize) - min) / 15);
    const perScale = inverse(scale);
    writeHalf(dst, d, scale);
    writeHalf(dst, d + 2, min);
    for (let j = 0; j < 16; j++) {
      const low = Math.min(15, f32(f32(f32(src[s + j]! - min) * perScale) + 0.5) | 0);
      const high = Math.min(15, f32(f32(f32(src[s + j + 16]! - min) * perScale) + 0.5) | 0);
      dst[d + 4 + j] = low | (high << 4);
    }
  }
}

const grid = fineGrid(15);

const quantizeWeighted = (src: Float32Array, dst: Uint8Array, columns: Float32Array): void =>
  fitBlocks(
    src,
    columns,
    (group) => fitScaleMin(group, grid),
    ({ scale, min, levels }, block) => {
      const d = block * blockBytes;
      writeHalf(dst, d, scale);
      writeHalf(dst, d + 2, -min);
      for (let j = 0; j < 16; j++) dst[d + 4 + j] = levels[j]! | (levels[j + 16]! << 4);
    },
  );
