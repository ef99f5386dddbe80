/** Floats to tq1_0, to the bytes that ggml makes; `src/quants/tq1_0.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, parts, scaleAt } from '../../quants/tq1_0.ts';
import { levelOf, scaleOf } from './thirds.ts';

/** A byte is the smallest one whose fraction is no less than its digits'. */
export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = scaleOf(src, s, blockSize);
    writeHalf(dst, d + scaleAt, scale);
    for (const { at, nBytes, nDigits, first } of parts) {
      for (let i = 0; i < nBytes; i++) {
        let digits = 0;
        for (let n = 0; n < 5; n++)
          digits = 3 * digits + (n < nDigits ? levelOf(src[s + first + nBytes * n + i]!, scale) : 0);
        dst[d + at + i] = Math.ceil((256 * digits) / 243);
      }
    }
  }
}
