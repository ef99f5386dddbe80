/**
 * tq1_0: 256 weights of -scale, 0 or scale in 54 bytes, 1.6875 bits each: five digits of base 3 to a byte.
 *
 *     byte 0                        32                        48                        52      54
 *          | 32 bytes               | 16 bytes                | 4 bytes                 | scale |
 *            digit n of byte i:       digit n of byte i:        digit n of byte i:         f16
 *            weight 32 n + i          weight 160 + 16 n + i     weight 240 + 4 n + i
 *            n = 0..4                 n = 0..4                  n = 0..3
 *
 * A byte b stands for the fraction b / 256 = 0.d0 d1 d2 d3 d4 in base 3: multiplied by 3, its digit d0 steps in front of the point.
 */
import { readHalf } from '../base/half.ts';

export const blockSize = 256;
export const blockBytes = 54;
export const scaleAt = 52;

/** Parts of a block: its first byte, its bytes, digits of each, its first weight. */
export const parts = [
  { at: 0, nBytes: 32, nDigits: 5, first: 0 },
  { at: 32, nBytes: 16, nDigits: 5, first: 160 },
  { at: 48, nBytes: 4, nDigits: 4, first: 240 },
] as const;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s + scaleAt);
    for (const { at, nBytes, nDigits, first } of parts) {
      for (let i = 0; i < nBytes; i++) {
        let fraction = src[s + at + i]!;
        for (let n = 0; n < nDigits; n++) {
          dst[d + first + nBytes * n + i] = scale * (((3 * fraction) >> 8) - 1);
          fraction = (3 * fraction) & 255;
        }
      }
    }
  }
}
