/**
 * q8_0: 32 weights in 34 bytes, 8.5 bits each. weight = scale * level, level -127..127.
 *
 *     byte 0       2                                34
 *          | scale | level 0 | level 1 | … level 31 |
 *             f16       i8        i8          i8
 */
import { readHalf, writeHalf } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';
import { f32, inverse, largest } from './rounding.ts';

const blockSize = 32;
const blockBytes = 34;

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    for (let i = 0; i < blockSize; i++) dst[d + i] = scale * ((src[s + 2 + i]! << 24) >> 24);
  }
}

function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const scale = f32(Math.abs(largest(src, s, blockSize)) / 127);
    const perScale = inverse(scale);
    writeHalf(dst, d, scale);
    for (let i = 0; i < blockSize; i++) {
      const level = f32(src[s + i]! * perScale);
      dst[d + 2 + i] = Math.trunc(level + (level < 0 ? -0.5 : 0.5)); // ties away from zero, like C's roundf
    }
  }
}

export const q8_0: QuantType = { name: 'q8_0', ggmlType: 8, blockSize, blockBytes, halves: [0], dequantize, quantize };
