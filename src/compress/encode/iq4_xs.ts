/** Floats to iq4_xs, to the bytes that ggml makes; `src/quants/iq4_xs.ts` draws them. */
import { writeHalf } from '../../base/half.ts';
import { blockBytes, blockSize, highBitsAt, levelsAt, lowBitsAt } from '../../quants/iq4_xs.ts';
import { clamp, f32, inverse, nearestInt } from '../../quants/rounding.ts';
import { newGroup, takeGroup } from './fit.ts';
import { fitUneven, nearestLevel, unevenPower, weighUneven } from './uneven.ts';

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const group = newGroup(32);
  const levels = new Uint8Array(32);
  const scales = new Float32Array(8);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    const power = unevenPower(src, s, blockSize);
    let largest = 0;
    for (let g = 0; g < 8; g++) {
      takeGroup(group, src, s + 32 * g);
      weighUneven(group, importance, (s % (importance?.length ?? 1)) + 32 * g, power);
      scales[g] = fitUneven(group);
      if (Math.abs(scales[g]!) > Math.abs(largest)) largest = scales[g]!;
    }
    const scaleUnit = f32(-largest / 32);
    const perUnit = inverse(scaleUnit);
    dst.fill(0, d, d + levelsAt);
    writeHalf(dst, d, scaleUnit);
    for (let g = 0; g < 8; g++) {
      const scale = clamp(nearestInt(f32(perUnit * scales[g]!)), -32, 31);
      const perScale = inverse(f32(scaleUnit * scale));
      for (let i = 0; i < 32; i++) levels[i] = nearestLevel(f32(perScale * src[s + 32 * g + i]!));
      for (let i = 0; i < 16; i++) dst[d + levelsAt + 16 * g + i] = levels[i]! | (levels[i + 16]! << 4);
      dst[d + lowBitsAt + (g >> 1)]! |= ((scale + 32) & 15) << (4 * (g & 1));
      dst[d + highBitsAt + (g >> 2)]! |= ((scale + 32) >> 4) << (2 * (g & 3));
    }
  }
}
