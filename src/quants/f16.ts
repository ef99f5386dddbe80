/**
 * f16: one weight in 2 bytes, IEEE 754 half, little-endian.
 *
 *     byte    1         0
 *          seeeeemm  mmmmmmmm     s sign, e exponent (bias 15), m mantissa
 */
import { readHalf, writeHalf } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let i = 0; i < dst.length; i++) dst[i] = readHalf(src, 2 * i);
}

function quantize(src: Float32Array, dst: Uint8Array): void {
  for (let i = 0; i < src.length; i++) writeHalf(dst, 2 * i, src[i]!);
}

export const f16: QuantType = {
  name: 'f16',
  ggmlType: 1,
  blockSize: 1,
  blockBytes: 2,
  infinity: 0x7c00,
  dequantize,
  quantize,
};
