/** Floats to q1_0, to the bytes that ggml makes; `src/quants/q1_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, levelsAt } from '../../quants/q1_0.ts';
import { f32 } from '../../quants/rounding.ts';

/** The scale that loses least is the mean magnitude. */
export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    let sum = 0;
    for (let i = 0; i < blockSize; i++) sum = f32(sum + Math.abs(src[s + i]!));
    dst.fill(0, d, d + blockBytes);
    writeHalf(dst, d, f32(sum / blockSize));
    for (let i = 0; i < blockSize; i++) if (src[s + i]! >= 0) dst[d + levelsAt + (i >> 3)]! |= 1 << (i & 7);
  }
}
