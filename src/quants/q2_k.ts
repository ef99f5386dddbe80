/**
 * q2_k: 256 weights in 84 bytes, 2.625 bits each: 16 groups of 16.
 * weight = scale unit * scale[group] * level - min unit * min[group], level 0..3.
 *
 *     byte 0                      16                 80           82         84
 *          | byte g: group g      | 2 times 32 bytes | scale unit | min unit |
 *            7 6 5 4   3 2 1 0        levels              f16          f16
 *            min       scale
 *
 * Each half of the block holds 128 weights, w. For i = 0..31:
 *
 *     level byte i      7 6        5 4        3 2        1 0
 *                       w[i + 96]  w[i + 64]  w[i + 32]  w[i]
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 256;
export const blockBytes = 84;
export const levelsAt = 16;
export const scaleUnitAt = 80;
export const minUnitAt = 82;
export const nGroups = 16;
export const groupSize = 16;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s + scaleUnitAt);
    const minUnit = readHalf(src, s + minUnitAt);
    for (let g = 0; g < nGroups; g++, d += groupSize) {
      const scale = scaleUnit * (src[s + g]! & 15);
      const min = minUnit * (src[s + g]! >> 4);
      const from = s + levelsAt + 32 * (g >> 3) + groupSize * (g & 1);
      const shift = 2 * ((g >> 1) & 3);
      for (let i = 0; i < groupSize; i++) dst[d + i] = scale * ((src[from + i]! >> shift) & 3) - min;
    }
  }
}
