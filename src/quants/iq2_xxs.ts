/**
 * iq2_xxs: 256 weights in 66 bytes, 2.0625 bits each: 8 groups of 32, four rows of a grid of 256 each.
 * weight = scale unit * (0.5 + scale[group]) / 4 * grid value, with a sign.
 *
 *     byte 0            2                          66
 *          | scale unit | 8 bytes for each group   |
 *              f16        4 row numbers, then u32:
 *                         bits 28..31 scale, bits 7 l to 7 l + 6 signs of row l, see grid_row.ts
 */
import { readHalf } from '../base/half.ts';
import { evenSigns, putRow } from './grid_row.ts';
import { expand, iq2_xxs as grid } from './grids.ts';
import { readWord } from './rounding.ts';

export const blockSize = 256;
export const blockBytes = 66;

const rows = { rows: expand(grid), width: grid.width };

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let at = s + 2; at < s + blockBytes; at += 8) {
      const word = readWord(src, at + 4);
      const scale = (scaleUnit * (0.5 + (word >>> 28))) / 4;
      for (let l = 0; l < 4; l++, d += 8) putRow(rows, src[at + l]!, scale, evenSigns((word >> (7 * l)) & 127), dst, d);
    }
  }
}
