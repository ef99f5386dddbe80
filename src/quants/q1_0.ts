/**
 * q1_0: 128 weights in 18 bytes, 1.125 bits each. weight = scale where its bit is set, -scale where not.
 *
 *     byte 0       2                                        18
 *          | scale | byte 0          | byte 1 | …   byte 15 |
 *             f16    7 6 5 4 3 2 1 0
 *                    bit i of byte j: weight 8 j + i
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 128;
export const blockBytes = 18;
export const levelsAt = 2;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    for (let i = 0; i < blockSize; i++) {
      const bit = (src[s + levelsAt + (i >> 3)]! >> (i & 7)) & 1;
      dst[d + i] = bit ? scale : -scale;
    }
  }
}
