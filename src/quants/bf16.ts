/**
 * bf16: one weight in 2 bytes, the upper half of an f32, little-endian.
 *
 *     byte    1         0
 *          seeeeeee  emmmmmmm     s sign, e exponent (bias 127), m mantissa
 */
import { bf16ToFloat } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let i = 0; i < dst.length; i++) dst[i] = bf16ToFloat(src[2 * i]! | (src[2 * i + 1]! << 8));
}

export const bf16: QuantType = {
  name: 'bf16',
  ggmlType: 30,
  blockSize: 1,
  blockBytes: 2,
  infinity: 0x7f80,
  dequantize,
};
