/** Floats to bf16, to the bytes that ggml makes; `src/quants/bf16.ts` draws them. */
import { floatToBf16 } from '../../base/half.ts';

export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let i = 0; i < src.length; i++) {
    const b = floatToBf16(src[i]!);
    dst[2 * i] = b;
    dst[2 * i + 1] = b >> 8;
  }
}
