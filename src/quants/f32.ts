/**
 * f32: one weight in 4 bytes, IEEE 754 single, little-endian.
 *
 *     byte    3         2         1         0
 *          seeeeeee  emmmmmmm  mmmmmmmm  mmmmmmmm     s sign, e exponent (bias 127), m mantissa
 */
import type { QuantType } from './quant_type.ts';

// Copied as bytes: `src` may start at an odd address, where no Float32Array can. Typed arrays are little-endian on
// every machine that runs this library, and so is WebAssembly memory by definition.

function dequantize(src: Uint8Array, dst: Float32Array): void {
  new Uint8Array(dst.buffer, dst.byteOffset, dst.byteLength).set(src);
}

function quantize(src: Float32Array, dst: Uint8Array): void {
  dst.set(new Uint8Array(src.buffer, src.byteOffset, src.byteLength));
}

export const f32: QuantType = {
  name: 'f32',
  ggmlType: 0,
  blockSize: 1,
  blockBytes: 4,
  infinity: 0x7f800000,
  dequantize,
  quantize,
};
