/**
 * q5_k: 256 weights in 176 bytes, 5.5 bits each: 8 groups of 32.
 * weight = scale unit * scale[group] * level - min unit * min[group], level 0..31.
 *
 *     byte 0            2          4                16                  48                          176
 *          | scale unit | min unit | scales, mins   | 32 bytes          | 4 times 32 bytes          |
 *              f16          f16      super_block.ts   bit g of byte i:    groups 0 and 1, 2 and 3,
 *                                                     bit 4 of group g's  4 and 5, 6 and 7
 *                                                     level i
 *
 *     byte i of a pair of groups:   7 6 5 4                3 2 1 0
 *                                   odd group's i & 15   | even group's i & 15
 */
import { readHalf } from '../base/half.ts';
import { groupMin, groupScale } from './super_block.ts';

export const blockSize = 256;
export const blockBytes = 176;
export const fifthAt = 16;
export const levelsAt = 48;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
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
        const fifth = src[s + fifthAt + i]! >> g; // bits 0 and 1: this pair of groups
        dst[d + i] = scale0 * ((pair & 15) | ((fifth & 1) << 4)) - min0;
        dst[d + i + 32] = scale1 * ((pair >> 4) | ((fifth & 2) << 3)) - min1;
      }
    }
  }
}
