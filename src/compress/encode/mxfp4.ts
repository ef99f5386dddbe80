/** Floats to mxfp4, to the bytes that ggml makes; `src/quants/mxfp4.ts` draws them. */
import { blockBytes, blockSize, levelsAt, values } from '../../quants/mxfp4.ts';
import { f32, largest } from '../../quants/rounding.ts';

/** The weight of largest magnitude gets a value from 4 to 8 (6 is the largest: ggml lets some weights saturate). */
export function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const most = Math.abs(largest(src, s, blockSize));
    const exponent = most > 0 ? Math.floor(f32(Math.log2(most))) - 2 + 127 : 0;
    dst[d] = exponent;
    const scale = 2 ** (dst[d]! - 128);
    for (let j = 0; j < 16; j++) {
      dst[d + levelsAt + j] = nearestLevel(src[s + j]!, scale) | (nearestLevel(src[s + j + 16]!, scale) << 4);
    }
  }
}

/** The first of the nearest levels. */
function nearestLevel(x: number, scale: number): number {
  let best = 0;
  for (let level = 1; level < 16; level++) {
    if (errorOf(x, scale, level) < errorOf(x, scale, best)) best = level;
  }
  return best;
}

const errorOf = (x: number, scale: number, level: number): number => Math.abs(f32(f32(values[level]! * scale) - x));
