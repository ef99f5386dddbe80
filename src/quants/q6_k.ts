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
import { readHalf, writeHalf } from '../half.ts';
import { type Group, fitGroups, fitScale, negligible, newGroup } from './fit.ts';
import type { QuantType } from './quant_type.ts';
import { clamp, f32, nearestInt } from './rounding.ts';

const blockSize = 256;
const blockBytes = 210;
const highAt = 128;
const scalesAt = 192;
const unitAt = 208;
const nGroups = 16;
const groupSize = 16;

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

const fit = (group: Group): void => fitScale(group, 32);

function quantize(src: Float32Array, dst: Uint8Array): void {
  const levels = new Uint8Array(blockSize);
  const scales = new Float32Array(nGroups);
  const group = newGroup(groupSize);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const extreme = fitGroups(src, s, levels, scales, group, fit);
    if (Math.abs(extreme) < negligible) {
      dst.fill(0, d, d + blockBytes);
      continue;
    }
    const perUnit = f32(-128 / extreme);
    writeHalf(dst, d + unitAt, f32(1 / perUnit));
    const unit = readHalf(dst, d + unitAt);
    for (let g = 0; g < nGroups; g++) {
      const groupScale = clamp(nearestInt(f32(perUnit * scales[g]!)), -128, 127);
      dst[d + scalesAt + g] = groupScale;
      const scale = f32(unit * groupScale);
      if (scale === 0) continue;
      for (let i = groupSize * g; i < groupSize * (g + 1); i++) {
        levels[i] = 32 + clamp(nearestInt(f32(src[s + i]! / scale)), -32, 31);
      }
    }
    packLevels(levels, dst, d);
  }
}

function packLevels(levels: Uint8Array, dst: Uint8Array, block: number): void {
  for (let half = 0; half < 2; half++) {
    for (let i = 0; i < 32; i++) {
      const w0 = levels[128 * half + i]!;
      const w1 = levels[128 * half + i + 32]!;
      const w2 = levels[128 * half + i + 64]!;
      const w3 = levels[128 * half + i + 96]!;
      dst[block + 64 * half + i] = (w0 & 15) | ((w2 & 15) << 4);
      dst[block + 64 * half + i + 32] = (w1 & 15) | ((w3 & 15) << 4);
      dst[block + highAt + 32 * half + i] = (w0 >> 4) | ((w1 >> 4) << 2) | ((w2 >> 4) << 4) | ((w3 >> 4) << 6);
    }
  }
}

export const q6_k: QuantType = {
  name: 'q6_k',
  ggmlType: 14,
  blockSize,
  blockBytes,
  halves: [208],
  dequantize,
  quantize,
};
