import { readHalf } from '../../src/base/half.ts';

/**
 * q8_t: 32 weights in 34 bytes, 8.5 bits each. weight = scale * (level - 128), level 0..255. Like q8_0, but for the levels' zero.
 *
 *     byte 0       2                                34
 *          | scale | level 0 | level 1 | … level 31 |
 *             f16       u8        u8          u8
 */

export const blockSize = 32;
export const blockBytes = 34;

export function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes, d += blockSize) {
    const scale = readHalf(src, s);
    for (let i = 0; i < blockSize; i++) dst[d + i] = scale * (src[s + 2 + i]! - 128);
  }
}
