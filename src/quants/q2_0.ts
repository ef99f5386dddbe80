/**
 * q2_0: 64 weights in 18 bytes, 2.25 bits each. weight = scale * (level - 1), level 0..3.
 *
 *     byte 0       2                                          18
 *          | scale | byte 0            | byte 1 | …   byte 15 |
 *             f16    7 6 5 4 3 2 1 0
 *                     3   2   1   0    byte j: levels 4 j to 4 j + 3, the first one lowest
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 64;
export const blockBytes = 18;
export const levelsAt = 2;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    for (let i = 0; i < blockSize; i++) {
      const level = (src[s + levelsAt + (i >> 2)]! >> (2 * (i & 3))) & 3;
      dst[d + i] = scale * (level - 1);
    }
  }
}
