/**
 * q4_1: 32 weights in 20 bytes, 5 bits each. weight = scale * level + min, level 0..15.
 *
 *     byte 0       2     4                                20
 *          | scale | min | byte 0 | byte 1 | …    byte 15 |
 *             f16    f16   7 6 5 4   3 2 1 0
 *                          level 16  level 0     byte j: level j low, level j + 16 high
 */
import { readHalf } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';

const blockSize = 32;
const blockBytes = 20;

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    const min = readHalf(src, s + 2);
    for (let j = 0; j < 16; j++) {
      const pair = src[s + 4 + j]!;
      dst[d + j] = scale * (pair & 15) + min;
      dst[d + j + 16] = scale * (pair >> 4) + min;
    }
  }
}

export const q4_1: QuantType = {
  name: 'q4_1',
  ggmlType: 3,
  blockSize,
  blockBytes,
  halves: [0, 2],
  dequantize,
};
