/** Floats to q3_k, to the bytes that ggml makes; `src/quants/q3_k.ts` draws them. */
import { readHalf, writeHalf } from '../../base/half.ts';
import {
  blockBytes,
  blockSize,
  groupScale,
  groupSize,
  lowAt,
  nGroups,
  scaleHighsAt,
  scalesAt,
  unitAt,
} from '../../quants/q3_k.ts';
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { type Group, fitGroups, fitScaleByDescent, newGroup } from './fit.ts';

const fit = (group: Group): void => fitScaleByDescent(group, 4);

export function quantize(src: Float32Array, dst: Uint8Array): void {
  const levels = new Uint8Array(blockSize);
  const scales = new Float32Array(nGroups);
  const group = newGroup(groupSize);
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    dst.fill(0, d, d + blockBytes);
    const extreme = fitGroups(src, s, levels, scales, group, fit);
    if (extreme !== 0) {
      const perUnit = f32(-32 / extreme);
      writeHalf(dst, d + unitAt, f32(1 / perUnit));
      for (let g = 0; g < nGroups; g++) {
        const scale = clamp(nearestInt(f32(perUnit * scales[g]!)), -32, 31) + 32;
        dst[d + scalesAt + (g & 7)]! |= (scale & 15) << (4 * (g >> 3));
        dst[d + scaleHighsAt + (g & 3)]! |= (scale >> 4) << (2 * (g >> 2));
      }
    }
    chooseLevels(src, s, dst, d, levels);
    for (let i = 0; i < blockSize; i++) {
      const at = (i & 31) + 32 * (i >> 7);
      dst[d + (i & 31)]! |= (levels[i]! >> 2) << (i >> 5);
      dst[d + lowAt + at]! |= (levels[i]! & 3) << (2 * ((i >> 5) & 3));
    }
  }
}

/** Scales were rounded: chooses the levels again for the values a decoder will see. */
function chooseLevels(src: Float32Array, begin: number, dst: Uint8Array, block: number, levels: Uint8Array): void {
  const unit = readHalf(dst, block + unitAt);
  for (let g = 0; g < nGroups; g++) {
    const scale = f32(unit * groupScale(dst, block, g));
    if (scale === 0) continue;
    for (let i = groupSize * g; i < groupSize * (g + 1); i++) {
      levels[i] = clamp(nearestInt(f32(src[begin + i]! / scale)), -4, 3) + 4;
    }
  }
}
