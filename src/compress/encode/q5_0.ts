/** Floats to q5_0, to the bytes that ggml makes; `src/quants/q5_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize } from '../../quants/q5_0.ts';
import { f32, inverse, largest } from '../../quants/rounding.ts';
import { writeFiveBits } from './five_bits.ts';
import { fitScale } from './fit.ts';
import { fitBlocks } from './importance.ts';

const fifthAt = 2;

/** The weight of largest magnitude gets level 0, that is -16 scales: the end of the range that reaches further. */
export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  if (importance) return quantizeWeighted(src, dst, importance);
  const levels = new Uint8Array(blockSize);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = f32(largest(src, s, blockSize) / -16);
    const perScale = inverse(scale);
    for (let j = 0; j < blockSize; j++) levels[j] = Math.min(31, f32(f32(src[s + j]! * perScale) + 16.5) | 0);
    writeHalf(dst, d, scale);
    writeFiveBits(levels, dst, d + fifthAt);
  }
}

const quantizeWeighted = (src: Float32Array, dst: Uint8Array, columns: Float32Array): void =>
  fitBlocks(
    src,
    columns,
    (group) => fitScale(group, 16),
    ({ scale, levels }, block) => {
      writeHalf(dst, block * blockBytes, scale);
      writeFiveBits(levels, dst, block * blockBytes + fifthAt);
    },
  );
