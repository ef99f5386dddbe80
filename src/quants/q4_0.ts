/**
 * q4_0: 32 weights in 18 bytes, 4.5 bits each. weight = scale * (level - 8), level 0..15.
 *
 *     byte 0       2                                18
 *          | scale | byte 0 | byte 1 | …    byte 15 |
 *             f16    7 6 5 4   3 2 1 0
 *                    level 16  level 0     byte j: level j low, level j + 16 high
 */
import { readHalf, writeHalf } from '../half.ts';
import type { QuantType } from './quant_type.ts';
import { f32, inverse, largest } from './rounding.ts';

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

/** The weight of largest magnitude gets level 0, that is -8 scales: the end of the range that reaches further. */
function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = f32(largest(src, s, blockSize) / -8);
    const perScale = inverse(scale);
    writeHalf(dst, d, scale);
    for (let j = 0; j < 16; j++) {
      const low = Math.min(15, f32(f32(src[s + j]! * perScale) + 8.5) | 0);
      const high = Math.min(15, f32(f32(src[s + j + 16]! * perScale) + 8.5) | 0);
      dst[d + 2 + j] = low | (high << 4);
    }
  }
}

export const q4_0: QuantType = { name: 'q4_0', ggmlType: 2, blockSize, blockBytes, halves: [0], dequantize, quantize };
