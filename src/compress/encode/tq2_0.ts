/** Floats to tq2_0, to the bytes that ggml makes; `src/quants/tq2_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, scaleAt } from '../../quants/tq2_0.ts';
import { levelOf, scaleOf } from './thirds.ts';

export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = scaleOf(src, s, blockSize);
    dst.fill(0, d, d + scaleAt);
    writeHalf(dst, d + scaleAt, scale);
    for (let i = 0; i < blockSize; i++) {
      dst[d + 32 * (i >> 7) + (i & 31)]! |= (levelOf(src[s + i]!, scale) & 3) << (2 * ((i >> 5) & 3));
    }
  }
}
