/**
 * iq1_m: 256 weights in 56 bytes, 1.75 bits each: 32 rows of 8 from the grid of iq1_s.
 * weight = scale unit * (2 * scale + 1) * (grid value + shift), a scale for every two rows.
 *
 *     byte 0                 32                      48                           56
 *          | 32 row numbers, | a nibble for each row, | 4 u16: bits 3 j to 3 j + 2 of number i are
 *            bits 0..7         low ones first:          scale 4 i + j; its bits 12..15 are bits 4 i
 *                              bits 8..10 of its        to 4 i + 3 of the scale unit, an f16
 *                              number; bit 3: shift
 *                              -1/8, else 1/8
 */
import { halfToFloat } from '../base/half.ts';
import { putShifted } from './iq1_s.ts';

export const blockSize = 256;
export const blockBytes = 56;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    let half = 0;
    for (let i = 0; i < 4; i++) half |= (src[s + 49 + 2 * i]! >> 4) << (4 * i);
    const scaleUnit = halfToFloat(half);
    for (let r = 0; r < 32; r++, d += 8) {
      const nibble = (src[s + 32 + (r >> 1)]! >> (4 * (r & 1))) & 15;
      const scales = src[s + 48 + 2 * (r >> 3)]! | (src[s + 49 + 2 * (r >> 3)]! << 8);
      const scale = (scales >> (3 * ((r >> 1) & 3))) & 7;
      putShifted(src[s + r]! | ((nibble & 7) << 8), nibble & 8 ? -0.125 : 0.125, scaleUnit * (2 * scale + 1), dst, d);
    }
  }
}
