/**
 * iq3_s: 256 weights in 110 bytes, 3.4375 bits each: 8 groups of 32, eight rows of 4 from a grid of 512 each.
 * weight = scale unit * (1 + 2 * scale[group]) * grid value, with a sign.
 *
 *     byte 0            2              66                 74             106                110
 *          | scale unit | row numbers, | row numbers,     | signs: a bit | 8 scales, 4 bits |
 *              f16        bits 0..7      bit 8: row 8 g     a weight       group g in nibble g,
 *                                        + k in byte g,                    low ones first
 *                                        bit k
 */
import { readHalf } from '../base/half.ts';
import { putRow } from './grid_row.ts';
import { expand, iq3_s as grid } from './grids.ts';

export const blockSize = 256;
export const blockBytes = 110;

const rows = { rows: expand(grid), width: grid.width };

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let r = 0; r < 64; r++, d += 4) {
      const high = (src[s + 66 + (r >> 3)]! >> (r & 7)) & 1;
      const scale = (src[s + 106 + (r >> 4)]! >> (4 * ((r >> 3) & 1))) & 15;
      const signs = src[s + 74 + (r >> 1)]! >> (4 * (r & 1));
      putRow(rows, src[s + 2 + r]! | (high << 8), scaleUnit * (1 + 2 * scale), signs, dst, d);
    }
  }
}
