/**
 * iq2_s: 256 weights in 82 bytes, 2.5625 bits each: 32 rows of 8 from a grid of 1024.
 * weight = scale unit * (0.5 + scale) / 4 * grid value, with a sign.
 *
 *     byte 0            2                 34             66                   74                  82
 *          | scale unit | row numbers,    | signs: a bit | row numbers,       | 16 scales, 4 bits |
 *              f16        bits 0..7         a weight       bits 8 and 9: row    as in iq2_xs.ts
 *                                                          4 g + l in byte g,
 *                                                          bits 2 l and 2 l + 1
 */
import { readHalf } from '../base/half.ts';
import { putRow } from './grid_row.ts';
import { expand, iq2_s as grid } from './grids.ts';

export const blockSize = 256;
export const blockBytes = 82;

const rows = { rows: expand(grid), width: grid.width };

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let r = 0; r < 32; r++, d += 8) {
      const high = (src[s + 66 + (r >> 2)]! >> (2 * (r & 3))) & 3;
      const scale = (src[s + 74 + (r >> 2)]! >> (2 * (r & 2))) & 15;
      putRow(rows, src[s + 2 + r]! | (high << 8), (scaleUnit * (0.5 + scale)) / 4, src[s + 34 + r]!, dst, d);
    }
  }
}
