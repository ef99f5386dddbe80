/**
 * q3_k: 256 weights in 110 bytes, 3.4375 bits each: 16 groups of 16.
 * weight = scale unit * (scale[group] - 32) * (level - 4), level 0..7, scale 0..63.
 *
 *     byte 0            32                 96          108          110
 *          | third bits | 2 times 32 bytes | 16 scales | scale unit |
 *                         low 2 bits         6 bits         f16
 *
 *     third byte i      bit b: bit 2 of the level of w[32 * b + i]            i = 0..31, b = 0..7
 *
 *     low byte i        7 6        5 4        3 2        1 0                  of each half of the block,
 *                       w[i + 96]  w[i + 64]  w[i + 32]  w[i]                 128 weights w
 *
 *                       7 6          5 4          3 2          1 0
 *     byte 96 + j       scale j + 8, bits 3..0  | scale j, bits 3..0          j = 0..7
 *     byte 104 + j      j + 12     | j + 8      | j + 4      | j: bits 5 4    j = 0..3
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 256;
export const blockBytes = 110;
export const lowAt = 32;
export const scalesAt = 96;
export const scaleHighsAt = 104;
export const unitAt = 108;
export const nGroups = 16;
export const groupSize = 16;

/** Scale of group `g`, -32..31; `block` is the byte where the block begins. */
export function groupScale(src: Uint8Array, block: number, g: number): number {
  const low = (src[block + scalesAt + (g & 7)]! >> (4 * (g >> 3))) & 15;
  const high = (src[block + scaleHighsAt + (g & 3)]! >> (2 * (g >> 2))) & 3;
  return (low | (high << 4)) - 32;
}

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const unit = readHalf(src, s + unitAt);
    for (let g = 0; g < nGroups; g++, d += groupSize) {
      const scale = unit * groupScale(src, s, g);
      const third = s + groupSize * (g & 1);
      const low = third + lowAt + 32 * (g >> 3);
      const shift = 2 * ((g >> 1) & 3);
      const bit = g >> 1;
      for (let i = 0; i < groupSize; i++) {
        const level = ((src[low + i]! >> shift) & 3) | (((src[third + i]! >> bit) & 1) << 2);
        dst[d + i] = scale * (level - 4);
      }
    }
  }
}
