/** What the encoders of q4_k and q5_k have in common; `src/quants/super_block.ts` draws what they write. */
import { readHalf, writeHalf } from '../../base/half.ts';
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { groupMin, groupScale, groupSize, lowBitsAt, minsAt, nGroups, scalesAt } from '../../quants/super_block.ts';
import { type Grid, type Group, fineGrid, fitScaleMin, newGroup, takeGroup } from './fit.ts';
import { type Scales, fitUnit, newScales, widestUnit } from './fit_scales.ts';
import { sumOf, sumOfSquares, weighByColumns } from './importance.ts';

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

/** How a type's blocks are fitted, and scratch for it. */
export interface HeadFit {
  readonly maxLevel: number;
  /** Without importance of columns. */
  readonly grid: Grid;
  /** With it. */
  readonly fine: Grid;
  readonly group: Group;
  readonly scales: Scales; // 8
  readonly mins: Scales; // 8
}

export const headFit = (grid: Grid): HeadFit => ({
  maxLevel: grid.maxLevel,
  grid,
  fine: fineGrid(grid.maxLevel),
  group: newGroup(groupSize),
  scales: newScales(nGroups),
  mins: newScales(nGroups),
});

/**
 * Fits the 256 weights at `src[begin]`, writes the 16 bytes above at `dst[block]`, and leaves the level of each weight,
 * 0..maxLevel, in `levels` `[256]`. With the importance of columns, the block begins at column `begin % nCols`.
 */
export function quantizeHead(
  src: Float32Array,
  begin: number,
  dst: Uint8Array,
  block: number,
  levels: Uint8Array,
  fit: HeadFit,
  columns: Float32Array | undefined,
): void {
  if (columns) fitWeighted(src, begin, levels, fit, columns);
  else fitPlain(src, begin, levels, fit);
  const unitOf = columns ? fitUnit : widestUnit;
  writeHalf(dst, block, unitOf(fit.scales, 63));
  writeHalf(dst, block + 2, unitOf(fit.mins, 63));
  for (let g = 0; g < nGroups; g++) writeGroup(dst, block, g, fit.scales.levels[g]!, fit.mins.levels[g]!);
  chooseLevels(src, begin, dst, block, levels, fit.maxLevel);
}

function fitPlain(src: Float32Array, begin: number, levels: Uint8Array, { group, grid, scales, mins }: HeadFit): void {
  for (let g = 0; g < nGroups; g++) {
    weighGroup(src, begin + groupSize * g, group);
    fitScaleMin(group, grid);
    levels.set(group.levels, groupSize * g);
    scales.x[g] = group.scale;
    mins.x[g] = group.min;
  }
}

function fitWeighted(
  src: Float32Array,
  begin: number,
  levels: Uint8Array,
  { group, fine, scales, mins }: HeadFit,
  columns: Float32Array,
): void {
  const power = f32(f32(2 * sumOfSquares(src, begin, 256)) / 256);
  for (let g = 0; g < nGroups; g++) {
    takeGroup(group, src, begin + groupSize * g);
    weighByColumns(group, columns, (begin % columns.length) + groupSize * g, power);
    fitScaleMin(group, fine);
    levels.set(group.levels, groupSize * g);
    scales.x[g] = group.scale;
    mins.x[g] = group.min;
    scales.importance[g] = mins.importance[g] = sumOf(group.importance);
  }
}

/** Scales and mins were rounded: chooses the levels again for the values a decoder will see. */
function chooseLevels(
  src: Float32Array,
  begin: number,
  dst: Uint8Array,
  block: number,
  levels: Uint8Array,
  maxLevel: number,
): void {
  for (let g = 0; g < nGroups; g++) {
    const scale = f32(readHalf(dst, block) * groupScale(dst, block, g));
    const min = f32(readHalf(dst, block + 2) * groupMin(dst, block, g));
    if (scale === 0) continue;
    for (let i = groupSize * g; i < groupSize * (g + 1); i++) {
      levels[i] = clamp(nearestInt(f32(f32(src[begin + i]! + min) / scale)), 0, maxLevel);
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
