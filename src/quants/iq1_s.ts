/**
 * iq1_s: 256 weights in 50 bytes, 1.5625 bits each: 8 groups of 32, four rows of 8 from a grid of 2048 each.
 * weight = scale unit * (2 * scale[group] + 1) * (grid value + shift[group]), grid values -1, 0, 1.
 *
 *     byte 0            2                 34                          50
 *          | scale unit | 32 row numbers, | u16 for each group:       |
 *              f16        bits 0..7         bits 3 l to 3 l + 2 are bits 8..10 of row l,
 *                                           bits 12..14 scale, bit 15: shift -1/8, else 1/8
 */
import { readHalf } from '../base/half.ts';
import { expand, iq1 as grid } from './grids.ts';

export const blockSize = 256;
export const blockBytes = 50;

const rows = expand(grid);

/** Writes a row with its numbers shifted, times `scale`. */
export function putShifted(row: number, shift: number, scale: number, dst: Float32Array, at: number): void {
  for (let i = 0; i < 8; i++) dst[at + i] = scale * (rows[8 * row + i]! + shift);
}

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let r = 0; r < 32; r++, d += 8) {
      const word = src[s + 34 + 2 * (r >> 2)]! | (src[s + 35 + 2 * (r >> 2)]! << 8);
      const row = src[s + 2 + r]! | (((word >> (3 * (r & 3))) & 7) << 8);
      putShifted(row, word & 0x8000 ? -0.125 : 0.125, scaleUnit * (2 * ((word >> 12) & 7) + 1), dst, d);
    }
  }
}
