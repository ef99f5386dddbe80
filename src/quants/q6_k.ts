/**
 * q6_k: 256 weights in 210 bytes, 6.5625 bits each: 16 groups of 16.
 * weight = scale unit * scale[group] * (level - 32), level 0..63, scale -128..127.
 *
 *     byte 0                 128                192         208          210
 *          | low 4 bits      | high 2 bits      | 16 scales | scale unit |
 *            2 times 64 bytes  2 times 32 bytes      i8          f16
 *
 * Each half of the block holds 128 weights, w. For i = 0..31:
 *
 *     low byte i        7 6 5 4    3 2 1 0      low byte i + 32     7 6 5 4    3 2 1 0
 *                       w[i + 64]  w[i]                             w[i + 96]  w[i + 32]
 *
 *     high byte i       7 6        5 4        3 2        1 0
 *                       w[i + 96]  w[i + 64]  w[i + 32]  w[i]
 */
import { readHalf } from '../base/half.ts';
import type { QuantType } from './quant_type.ts';

const blockSize = 256;
const blockBytes = 210;
export const highAt = 128;
export const scalesAt = 192;
export const unitAt = 208;
export const nGroups = 16;
export const groupSize = 16;

function dequantize(src: Uint8Array, dst: Float32Array): void {
  for (let s = 0, d = 0; s < src.length; s += blockBytes) {
    const unit = readHalf(src, s + unitAt);
    for (let half = 0; half < 2; half++, d += 128) {
      for (let i = 0; i < 32; i++) {
        const low0 = src[s + 64 * half + i]!;
        const low1 = src[s + 64 * half + i + 32]!;
        const high = src[s + highAt + 32 * half + i]!;
        const g = s + scalesAt + 8 * half + (i >> 4);
        dst[d + i] = unit * int8(src[g]!) * (((low0 & 15) | ((high & 3) << 4)) - 32);
        dst[d + i + 32] = unit * int8(src[g + 2]!) * (((low1 & 15) | (((high >> 2) & 3) << 4)) - 32);
        dst[d + i + 64] = unit * int8(src[g + 4]!) * (((low0 >> 4) | (((high >> 4) & 3) << 4)) - 32);
        dst[d + i + 96] = unit * int8(src[g + 6]!) * (((low1 >> 4) | ((high >> 6) << 4)) - 32);
      }
    }
  }
}

const int8 = (byte: number): number => (byte << 24) >> 24;

export const q6_k: QuantType = {
  name: 'q6_k',
  ggmlType: 14,
  blockSize,
  blockBytes,
  halves: [208],
  dequantize,
};
