/**
 * iq2_xs: 256 weights in 74 bytes, 2.3125 bits each: 32 rows of 8 from a grid of 512.
 * weight = scale unit * (0.5 + scale) / 4 * grid value, with a sign.
 *
 *     byte 0            2                          66                   74
 *          | scale unit | u16 for each row:        | 16 scales, 4 bits: |
 *              f16        bits 0..8 its number,      rows 4 g and 4 g + 1 low in byte g,
 *                         bits 9..15 signs           rows 4 g + 2 and 4 g + 3 high
 */
import { readHalf } from '../base/half.ts';
import { evenSigns, putRow } from './grid_row.ts';
import { expand, iq2_xs as grid } from './grids.ts';

export const blockSize = 256;
export const blockBytes = 74;

const rows = { rows: expand(grid), width: grid.width };

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let r = 0; r < 32; r++, d += 8) {
      const row = src[s + 2 + 2 * r]! | (src[s + 3 + 2 * r]! << 8);
      const scale = (src[s + 66 + (r >> 2)]! >> (2 * (r & 2))) & 15;
      putRow(rows, row & 511, (scaleUnit * (0.5 + scale)) / 4, evenSigns(row >> 9), dst, d);
    }
  }
}
