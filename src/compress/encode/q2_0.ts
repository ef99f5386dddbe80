/** Floats to q2_0, to the bytes that ggml makes; `src/quants/q2_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, levelsAt } from '../../quants/q2_0.ts';
import { levelOf, scaleOf } from './thirds.ts';

/** Level 3 is not used: it is there for models that were trained with four levels. */
export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = scaleOf(src, s, blockSize);
    dst.fill(0, d, d + blockBytes);
    writeHalf(dst, d, scale);
    for (let i = 0; i < blockSize; i++) {
      dst[d + levelsAt + (i >> 2)]! |= levelOf(src[s + i]!, scale) << (2 * (i & 3));
    }
  }
}
