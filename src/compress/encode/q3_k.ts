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
import { type Group, fitGroups, fitScale, fitScaleByDescent, newGroup } from './fit.ts';
import { sumOf, sumOfSquares, weighByColumns } from './importance.ts';

export function quantize(src: Float32Array, dst: Uint8Array, importance?: Float32Array): void {
  const levels = new Uint8Array(blockSize);
  const group = newGroup(groupSize);
  const scales = newGroup(nGroups); // scales of groups are fitted as weights are
  for (let s = 0, d = 0; s < src.length; s += blockSize, d += blockBytes) {
    dst.fill(0, d, d + blockBytes);
    const unit = importance
      ? fitWeighted(src, s, levels, { group, scales }, importance)
      : fitPlain(src, s, levels, { group, scales });
    writeHalf(dst, d + unitAt, unit);
    for (let g = 0; g < nGroups; g++) {
      const scale = scales.levels[g]!;
      dst[d + scalesAt + (g & 7)]! |= (scale & 15) << (4 * (g >> 3));
      dst[d + scaleHighsAt + (g & 3)]! |= (scale >> 4) << (2 * (g >> 2));
    }
    chooseLevels(src, s, dst, d, levels);
    for (let i = 0; i < blockSize; i++) {
      const at = (i & 31) + 32 * (i >> 7);
      dst[d + (i & 31)]! |= (levels[i]! >> 2) << (i >> 5);
      dst[d + lowAt + at]! |= (levels[i]! & 3) << (2 * ((i >> 5) & 3));
    }
  }
}

interface Groups {
  readonly group: Group;
  readonly scales: Group;
}

/** Leaves the levels of weights and scales; returns the scale unit. */
function fitPlain(src: Float32Array, begin: number, levels: Uint8Array, { group, scales }: Groups): number {
  const extreme = fitGroups(src, begin, levels, scales.x, group, (group) => fitScaleByDescent(group, 4));
  const perUnit = extreme === 0 ? 0 : f32(-32 / extreme);
  for (let g = 0; g < nGroups; g++) {
    scales.levels[g] = extreme === 0 ? 0 : clamp(nearestInt(f32(perUnit * scales.x[g]!)), -32, 31) + 32;
  }
  return extreme === 0 ? 0 : f32(1 / perUnit);
}

function fitWeighted(
  src: Float32Array,
  begin: number,
  levels: Uint8Array,
  { group, scales }: Groups,
  columns: Float32Array,
): number {
  const power = f32(f32(2 * sumOfSquares(src, begin, blockSize)) / blockSize);
  fitGroups(src, begin, levels, scales.x, group, (group, g) => {
    weighByColumns(group, columns, (begin % columns.length) + groupSize * g, power);
    scales.importance[g] = sumOf(group.importance);
    fitScale(group, 4);
  });
  fitScale(scales, 32);
  return scales.scale;
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
