/**
 * tq2_0: 256 weights in 66 bytes, 2.0625 bits each. weight = scale * (level - 1), level 0..2 (3 can be written, too).
 *
 *     byte 0                  32                  64      66
 *          | 32 bytes         | 32 bytes          | scale |
 *            weights 0..127     weights 128..255     f16
 *
 *     byte i of a half:   7 6     5 4     3 2     1 0
 *                         i + 96  i + 64  i + 32  i
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 256;
export const blockBytes = 66;
export const scaleAt = 64;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s + scaleAt);
    for (let i = 0; i < blockSize; i++) {
      const four = src[s + 32 * (i >> 7) + (i & 31)]!;
      dst[d + i] = scale * (((four >> (2 * ((i >> 5) & 3))) & 3) - 1);
    }
  }
}
