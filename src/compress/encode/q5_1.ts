/** Floats to q5_1, to the bytes that ggml makes; `src/quants/q5_1.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize } from '../../quants/q5_1.ts';
import { f32, highest, inverse, lowest } from '../../quants/rounding.ts';
import { writeFiveBits } from './five_bits.ts';
import { fineGrid, fitScaleMin } from './fit.ts';
import { fitBlocks } from './importance.ts';

const fifthAt = 4;

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  if (importance) return quantizeWeighted(src, dst, importance);
  const levels = new Uint8Array(blockSize);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const min = lowest(src, s, blockSize);
    const scale = f32(f32(highest(src, s, blockSize) - min) / 31);
    const perScale = inverse(scale);
    for (let j = 0; j < blockSize; j++) levels[j] = Math.min(31, f32(f32(f32(src[s + j]! - min) * perScale) + 0.5) | 0);
    writeHalf(dst, d, scale);
    writeHalf(dst, d + 2, min);
    writeFiveBits(levels, dst, d + fifthAt);
  }
}

const grid = fineGrid(31);

const quantizeWeighted = (src: Float32Array, dst: Uint8Array, columns: Float32Array): void =>
  fitBlocks(
    src,
    columns,
    (group) => fitScaleMin(group, grid),
    ({ scale, min, levels }, block) => {
      const d = block * blockBytes;
      writeHalf(dst, d, scale);
      writeHalf(dst, d + 2, -min);
      writeFiveBits(levels, dst, d + fifthAt);
    },
  );
