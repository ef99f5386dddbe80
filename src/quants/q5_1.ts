/**
 * q5_1: 32 weights in 24 bytes, 6 bits each. weight = scale * level + min, level 0..31.
 *
 *     byte 0       2     4               8                                24
 *          | scale | min | fifth bits    | byte 0 | byte 1 | …    byte 15 |
 *             f16    f16   u32, bit j:     7 6 5 4        3 2 1 0
 *                          bit 4 of        level 16 & 15  level 0 & 15
 *                          level j         byte j: level j low, level j + 16 high
 */
import { readHalf } from '../base/half.ts';
import { readWord } from './rounding.ts';

export const blockSize = 32;
export const blockBytes = 24;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    const min = readHalf(src, s + 2);
    const fifth = readWord(src, s + 4);
    for (let j = 0; j < 16; j++) {
      const pair = src[s + 8 + j]!;
      dst[d + j] = scale * ((pair & 15) | (((fifth >>> j) & 1) << 4)) + min;
      dst[d + j + 16] = scale * ((pair >> 4) | (((fifth >>> (j + 16)) & 1) << 4)) + min;
    }
  }
}
