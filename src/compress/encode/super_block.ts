/** What the encoders of q4_k and q5_k have in common; `src/quants/super_block.ts` draws what they write. */
import { readHalf, writeHalf } from '../../base/half.ts';
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { groupMin, groupScale, groupSize, lowBitsAt, minsAt, nGroups, scalesAt } from '../../quants/super_block.ts';
import { type Grid, type Group, fitScaleMin } from './fit.ts';

/** Writes group `g`'s pair; groups go in order, because 4..7 add their upper bits to bytes that 0..3 wrote. */
function writeGroup(dst: Uint8Array, block: number, g: number, scale: number, min: number): void {
  if (g < 4) {
    dst[block + scalesAt + g] = scale;
    dst[block + minsAt + g] = min;
    return;
  }
  dst[block + lowBitsAt + g - 4] = (scale & 15) | ((min & 15) << 4);
  dst[block + scalesAt + g - 4]! |= (scale >> 4) << 6;
  dst[block + minsAt + g - 4]! |= (min >> 4) << 6;
}

/** Scratch of `quantizeHead`, one per row. */
export interface HeadScratch {
  readonly group: Group;
  /** `[8]` */
  readonly scales: Float32Array;
  /** `[8]` */
  readonly mins: Float32Array;
}

/**
 * Fits the 256 weights at `src[begin]`, writes the 16 bytes above at `dst[block]`, and leaves the level of each weight,
 * 0..maxLevel, in `levels` `[256]`.
 */
export function quantizeHead(
  src: Float32Array,
  begin: number,
  dst: Uint8Array,
  block: number,
  levels: Uint8Array,
  scratch: HeadScratch,
  grid: Grid,
): void {
  const { group, scales, mins } = scratch;
  let maxScale = 0;
  let maxMin = 0;
  for (let g = 0; g < nGroups; g++) {
    weighGroup(src, begin + groupSize * g, group);
    fitScaleMin(group, grid);
    levels.set(group.levels, groupSize * g);
    scales[g] = group.scale;
    mins[g] = group.min;
    maxScale = Math.max(maxScale, group.scale);
    maxMin = Math.max(maxMin, group.min);
  }
  const perScale = maxScale > 0 ? f32(63 / maxScale) : 0;
  const perMin = maxMin > 0 ? f32(63 / maxMin) : 0;
  for (let g = 0; g < nGroups; g++) {
    const scale = clamp(nearestInt(f32(perScale * scales[g]!)), 0, 63);
    const min = clamp(nearestInt(f32(perMin * mins[g]!)), 0, 63);
    writeGroup(dst, block, g, scale, min);
  }
  writeHalf(dst, block, f32(maxScale / 63));
  writeHalf(dst, block + 2, f32(maxMin / 63));
  // Scales and mins were rounded: choose the levels again for the values a decoder will see.
  for (let g = 0; g < nGroups; g++) {
    const scale = f32(readHalf(dst, block) * groupScale(dst, block, g));
    const min = f32(readHalf(dst, block + 2) * groupMin(dst, block, g));
    if (scale === 0) continue;
    for (let i = groupSize * g; i < groupSize * (g + 1); i++) {
      levels[i] = clamp(nearestInt(f32(f32(src[begin + i]! + min) / scale)), 0, grid.maxLevel);
    }
  }
}

/** A weight matters by its size, and by the size of the group's typical weight, so that small ones are not lost. */
function weighGroup(src: Float32Array, begin: number, group: Group): void {
  let sumXX = 0;
  for (let i = 0; i < groupSize; i++) {
    const x = src[begin + i]!;
    group.x[i] = x;
    sumXX = f32(sumXX + f32(x * x));
  }
  const typical = f32(Math.sqrt(f32(sumXX / groupSize)));
  for (let i = 0; i < groupSize; i++) group.importance[i] = typical + Math.abs(group.x[i]!);
}
