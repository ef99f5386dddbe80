/**
 * nvfp4: 64 weights in 36 bytes, 4.5 bits each: 4 groups of 16, with the levels of mxfp4.
 * weight = scale[group] / 2 * values[level].
 *
 *     byte 0             4                             36
 *          | 4 scales u8 | 8 bytes for each group      |
 *            7 6 5 4 3 2 1 0   byte j: level j low, level j + 8 high
 *            – exponent  fraction
 */
import { values } from './mxfp4.ts';

export const blockSize = 64;
export const blockBytes = 36;

/** A float of 7 bits without sign (UE4M3); its NaN, 127, counts as 0, as in ggml. */
function scaleOf(byte: number): number {
  const exponent = (byte >> 3) & 15;
  const fraction = byte & 7;
  if ((byte & 127) === 127) return 0;
  return exponent === 0 ? fraction * 2 ** -9 : (1 + fraction / 8) * 2 ** (exponent - 7);
}

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    for (let g = 0; g < 4; g++, d += 16) {
      const scale = scaleOf(src[s + g]!) / 2;
      for (let j = 0; j < 8; j++) {
        const pair = src[s + 4 + 8 * g + j]!;
        dst[d + j] = scale * values[pair & 15]!;
        dst[d + j + 8] = scale * values[pair >> 4]!;
      }
    }
  }
}
