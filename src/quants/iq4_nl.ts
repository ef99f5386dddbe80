/**
 * iq4_nl: 32 weights in 18 bytes, 4.5 bits each. weight = scale * values[level]; levels are not evenly spaced.
 *
 *     byte 0       2                                18
 *          | scale | byte 0 | byte 1 | …    byte 15 |
 *             f16    7 6 5 4   3 2 1 0
 *                    level 16  level 0     byte j: level j low, level j + 16 high
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 32;
export const blockBytes = 18;
export const levelsAt = 2;

/** What levels 0..15 stand for: dense around zero, where most weights are (`kvalues_iq4nl` in ggml). */
export const values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    for (let j = 0; j < 16; j++) {
      const pair = src[s + levelsAt + j]!;
      dst[d + j] = scale * values[pair & 15]!;
      dst[d + j + 16] = scale * values[pair >> 4]!;
    }
  }
}
