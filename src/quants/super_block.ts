/**
 * What q4_k and q5_k have in common: 256 weights in 8 groups of 32, each with a 6-bit scale and a 6-bit min of its own,
 * which count in units of the block's two halves. The first 16 bytes of both types:
 *
 *     byte 0            2          4                          16
 *          | scale unit | min unit | 8 scales, 8 mins, 6 bits |
 *              f16          f16
 *
 *                 7 6         5 4 3 2 1 0
 *     byte 4 + j  scale j + 4 | scale j           j = 0..3
 *                 bits 5 4    |
 *     byte 8 + j  min j + 4   | min j
 *                 bits 5 4    |
 *                 7 6 5 4         3 2 1 0
 *     byte 12 + j min j + 4     | scale j + 4
 *                 bits 3 2 1 0  | bits 3 2 1 0
 */

export const nGroups = 8;
export const groupSize = 32;
export const scalesAt = 4;
export const minsAt = 8;
export const lowBitsAt = 12;

/** Scale of group `g`, 0..63; `block` is the byte where the block begins. */
export function groupScale(src: Uint8Array, block: number, g: number): number {
  if (g < 4) return src[block + scalesAt + g]! & 63;
  return (src[block + lowBitsAt + g - 4]! & 15) | ((src[block + scalesAt + g - 4]! >> 6) << 4);
}

/** Min of group `g`, 0..63. */
export function groupMin(src: Uint8Array, block: number, g: number): number {
  if (g < 4) return src[block + minsAt + g]! & 63;
  return (src[block + lowBitsAt + g - 4]! >> 4) | ((src[block + minsAt + g - 4]! >> 6) << 4);
}
