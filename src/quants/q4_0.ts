/**
 * q4_0: 32 weights in 18 bytes, 4.5 bits each. weight = scale * (level - 8), level 0..15.
 *
 *     byte 0       2                                18
 *          | scale | byte 0 | byte 1 | …    byte 15 |
 *             f16    7 6 5 4   3 2 1 0
 *                    level 16  level 0     byte j: level j low, level j + 16 high
 */
import { readHalf } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';

const blockSize = 32;
const blockBytes = 18;

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    for (let j = 0; j < 16; j++) {
      const pair = src[s + 2 + j]!;
      dst[d + j] = scale * ((pair & 15) - 8);
      dst[d + j + 16] = scale * ((pair >> 4) - 8);
    }
  }
}

export const q4_0: QuantType = { name: 'q4_0', ggmlType: 2, blockSize, blockBytes, halves: [0], dequantize };
