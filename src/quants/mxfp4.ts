/**
 * mxfp4: 32 weights in 17 bytes, 4.25 bits each (OCP Microscaling Formats 1.0, with ggml's order of levels).
 * weight = 2^(exponent - 128) * values[level].
 *
 *     byte 0          1                                17
 *          | exponent | byte 0 | byte 1 | …    byte 15 |
 *              u8       7 6 5 4   3 2 1 0
 *                       level 16  level 0     byte j: level j low, level j + 16 high
 *
 * A level is a float of four bits: sign, 2 bits of exponent, 1 of fraction.
 */
export const blockSize = 32;
export const blockBytes = 17;
export const levelsAt = 1;

/** Twice what levels 0..15 stand for. */
export const values = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = 2 ** (src[s]! - 128);
    for (let j = 0; j < 16; j++) {
      const pair = src[s + levelsAt + j]!;
      dst[d + j] = scale * values[pair & 15]!;
      dst[d + j + 16] = scale * values[pair >> 4]!;
    }
  }
}
