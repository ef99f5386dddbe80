/**
 * iq3_xxs: 256 weights in 98 bytes, 3.0625 bits each: 8 groups of 32, eight rows of 4 from a grid of 256 each.
 * weight = scale unit * (0.5 + scale[group]) / 2 * grid value, with a sign.
 *
 *     byte 0            2                 66                          98
 *          | scale unit | 64 row numbers  | u32 for each group:       |
 *              f16                          bits 28..31 scale, bits 7 l to 7 l + 6
 *                                           signs of rows 2 l and 2 l + 1, see grid_row.ts
 */
import { readHalf } from '../base/half.ts';
import { evenSigns, putRow } from './grid_row.ts';
import { expand, iq3_xxs as grid } from './grids.ts';
import { readWord } from './rounding.ts';

export const blockSize = 256;
export const blockBytes = 98;

const rows = { rows: expand(grid), width: grid.width };

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let r = 0; r < 64; r++, d += 4) {
      const word = readWord(src, s + 66 + 4 * (r >> 3));
      const signs = evenSigns((word >> (7 * ((r >> 1) & 3))) & 127) >> (4 * (r & 1));
      putRow(rows, src[s + 2 + r]!, (scaleUnit * (0.5 + (word >>> 28))) / 2, signs, dst, d);
    }
  }
}
