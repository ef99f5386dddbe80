/**
 * q4_k: 256 weights in 144 bytes, 4.5 bits each: 8 groups of 32.
 * weight = scale unit * scale[group] * level - min unit * min[group], level 0..15.
 *
 *     byte 0            2          4                16                                         144
 *          | scale unit | min unit | scales, mins   | 32 bytes | 32 bytes | 32 bytes | 32 bytes |
 *              f16          f16      super_block.ts   groups     groups     groups     groups
 *                                                     0 and 1    2 and 3    4 and 5    6 and 7
 *
 *     byte i of a pair of groups:   7 6 5 4           3 2 1 0
 *                                   odd group's i   | even group's i
 */
import { readHalf } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';
import { groupMin, groupScale } from './super_block.ts';

const blockSize = 256;
const blockBytes = 144;
export const levelsAt = 16;

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    const minUnit = readHalf(src, s + 2);
    for (let g = 0; g < 8; g += 2, d += 64) {
      const scale0 = scaleUnit * groupScale(src, s, g);
      const scale1 = scaleUnit * groupScale(src, s, g + 1);
      const min0 = minUnit * groupMin(src, s, g);
      const min1 = minUnit * groupMin(src, s, g + 1);
      for (let i = 0; i < 32; i++) {
        const pair = src[s + levelsAt + 16 * g + i]!;
        dst[d + i] = scale0 * (pair & 15) - min0;
        dst[d + i + 32] = scale1 * (pair >> 4) - min1;
      }
    }
  }
}

export const q4_k: QuantType = {
  name: 'q4_k',
  ggmlType: 12,
  blockSize,
  blockBytes,
  halves: [0, 2],
  dequantize,
};
