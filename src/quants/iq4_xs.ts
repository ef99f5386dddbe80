/**
 * iq4_xs: 256 weights in 136 bytes, 4.25 bits each: 8 groups of 32, with the levels of iq4_nl.
 * weight = scale unit * (scale[group] - 32) * values[level], scale 0..63.
 *
 *     byte 0            2                  4                  8                  136
 *          | scale unit | bits 4 and 5     | bits 0..3 of     | 16 bytes for     |
 *              f16        of the 8 scales    the 8 scales       each group
 *                         group g: bits      group g: nibble    byte i: level i low,
 *                         2g and 2g + 1      g, low ones first  level i + 16 high
 */
import { readHalf } from '../base/half.ts';
import { values } from './iq4_nl.ts';

export const blockSize = 256;
export const blockBytes = 136;
export const highBitsAt = 2;
export const lowBitsAt = 4;
export const levelsAt = 8;

/** Scale of group `g`, 0..63; `block` is the byte where the block begins. */
function groupScale(src: Uint8Array, block: number, g: number): number {
  const low = (src[block + lowBitsAt + (g >> 1)]! >> (4 * (g & 1))) & 15;
  const high = (src[block + highBitsAt + (g >> 2)]! >> (2 * (g & 3))) & 3;
  return low | (high << 4);
}

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const scaleUnit = readHalf(src, s);
    for (let g = 0; g < 8; g++, d += 32) {
      const scale = scaleUnit * (groupScale(src, s, g) - 32);
      for (let i = 0; i < 16; i++) {
        const pair = src[s + levelsAt + 16 * g + i]!;
        dst[d + i] = scale * values[pair & 15]!;
        dst[d + i + 16] = scale * values[pair >> 4]!;
      }
    }
  }
}
