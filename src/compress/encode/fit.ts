/**
 * Finding the scale, or the scale and the minimum, that lose least when a few weights are rounded to a small grid of
 * levels: the search that ggml's reference quantisers of the K types make, step for step, because byte-equal files need
 * it (rounding.ts). For given levels the best scale is a least-squares fit; so a handful of slightly stretched grids is
 * tried, the scale is fitted to each, and the least weighted error wins.
 */
import { clamp, f32, highest, largest, lowest, nearestInt } from '../../quants/rounding.ts';

/** Groups whose weights, and blocks whose scales, all lie below this are stored as zeros. */
export const negligible = f32(1e-15);

/** Some weights that share one scale, and the result of fitting them. Reused from group to group, so nothing is allocated. */
export interface Group {
  /** `[size]` */
  readonly x: Float32Array;
  /** `[size]` how much the error of each weight matters. */
  readonly importance: Float32Array;
  /** `[size]` result: the level of each weight, from 0 on. */
  readonly levels: Uint8Array;
  /** `[size]` levels of the grid being tried. */
  readonly trial: Uint8Array;
  /** Result. */
  scale: number;
  /** Result: what to subtract, never negative. */
  min: number;
}

export function newGroup(size: number): Group {
  return {
    x: new Float32Array(size),
    importance: new Float32Array(size),
    levels: new Uint8Array(size),
    trial: new Uint8Array(size),
    scale: 0,
    min: 0,
  };
}

/** Takes the weights at `src[begin]` into a group. */
export function takeGroup({ x }: Group, src: Float32Array, begin: number): void {
  for (let i = 0; i < x.length; i++) x[i] = src[begin + i]!;
}

/** Fits every group of a block, `scales.length` of them, with `fit`; returns the scale of largest magnitude. */
export function fitGroups(
  src: Float32Array,
  begin: number,
  levels: Uint8Array,
  scales: Float32Array,
  group: Group,
  fit: (group: Group, g: number) => void,
): number {
  const size = group.x.length;
  let extreme = 0;
  for (let g = 0; g < scales.length; g++) {
    takeGroup(group, src, begin + size * g);
    fit(group, g);
    levels.set(group.levels, size * g);
    scales[g] = group.scale;
    if (Math.abs(group.scale) > Math.abs(extreme)) extreme = group.scale;
  }
  return extreme;
}

/** The grids `fitScaleMin` tries: the range from low to high is `maxLevel + firstStretch + i * stretchStep` steps long. */
export interface Grid {
  /** Levels are 0..maxLevel. */
  readonly maxLevel: number;
  readonly firstStretch: number;
  readonly stretchStep: number;
  readonly lastTry: number;
  /** Whether a weight's error counts by its size (1) or by its square (2). */
  readonly errorPower: 1 | 2;
}

export const tenth = f32(0.1);

/** What is tried where the importance of columns is known: finer steps, more of them. */
export const fineGrid = (maxLevel: number): Grid => ({
  maxLevel,
  firstStretch: f32(-0.9),
  stretchStep: f32(0.05),
  lastTry: 36,
  errorPower: 2,
});

/** Fits weight = scale * level - min, level 0..maxLevel. */
export function fitScaleMin(group: Group, grid: Grid): void {
  const { x, importance, levels, trial } = group;
  const { maxLevel, firstStretch, stretchStep, errorPower } = grid;
  const high = highest(x, 0, x.length);
  let low = Math.min(0, lowest(x, 0, x.length)); // at most 0, so that no min is negative
  levels.fill(0);
  group.scale = 0;
  group.min = -low;
  if (high === low) return;

  let sumW = 0;
  let sumX = 0;
  for (let i = 0; i < x.length; i++) {
    sumW = f32(sumW + importance[i]!);
    sumX = f32(sumX + f32(importance[i]! * x[i]!));
  }
  let perScale = f32(maxLevel / f32(high - low));
  group.scale = f32(1 / perScale);
  roundToGrid(x, perScale, low, maxLevel, levels);
  let leastError = weightedError(group, levels, group.scale, low, errorPower);
  for (let t = 0; t <= grid.lastTry; t++) {
    perScale = f32(f32(f32(firstStretch + f32(stretchStep * t)) + maxLevel) / f32(high - low));
    roundToGrid(x, perScale, low, maxLevel, trial);
    let sumL = 0;
    let sumLL = 0;
    let sumXL = 0;
    for (let i = 0; i < x.length; i++) {
      const wl = f32(importance[i]! * trial[i]!);
      sumL = f32(sumL + wl);
      sumLL = f32(sumLL + f32(wl * trial[i]!));
      sumXL = f32(sumXL + f32(wl * x[i]!));
    }
    const determinant = f32(f32(sumW * sumLL) - f32(sumL * sumL));
    if (!(determinant > 0)) continue; // all on one level: no slope to fit
    let scale = f32(f32(f32(sumW * sumXL) - f32(sumX * sumL)) / determinant);
    let offset = f32(f32(f32(sumLL * sumX) - f32(sumL * sumXL)) / determinant);
    if (offset > 0) {
      offset = 0;
      scale = f32(sumXL / sumLL);
    }
    const error = weightedError(group, trial, scale, offset, errorPower);
    if (error < leastError) {
      leastError = error;
      levels.set(trial);
      group.scale = scale;
      group.min = -offset;
      low = offset; // the next grids start where the best one so far does
    }
  }
}

function roundToGrid(x: Float32Array, perScale: number, low: number, maxLevel: number, levels: Uint8Array): void {
  for (let i = 0; i < x.length; i++) {
    const rounded = nearestInt(f32(perScale * f32(x[i]! - low))) | 0;
    levels[i] = rounded < 0 ? 0 : rounded > maxLevel ? maxLevel : rounded;
  }
}

function weightedError(group: Group, levels: Uint8Array, scale: number, offset: number, power: 1 | 2): number {
  let sum = 0;
  for (let i = 0; i < levels.length; i++) {
    const difference = f32(f32(f32(scale * levels[i]!) + offset) - group.x[i]!);
    const error = power === 1 ? Math.abs(difference) : f32(difference * difference);
    sum = f32(sum + f32(group.importance[i]! * error));
  }
  return sum;
}

/** The stretches `fitScale` tries, in tenths of a step; the plain grid first. */
const stretches = [0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/**
 * Fits weight = scale * (level - half), level 0..2 * half - 1. The weight of largest magnitude lands at or near level 0,
 * the end that reaches further.
 */
export function fitScale(group: Group, half: number): void {
  const { x, importance, levels } = group;
  const extreme = largest(x, 0, x.length);
  levels.fill(0);
  group.scale = 0;
  if (Math.abs(extreme) < negligible) return;
  let gain = 0; // how much of the squares the fit explains
  for (const stretch of stretches) {
    const perScale = f32(-f32(half + f32(tenth * stretch)) / extreme);
    let sumXL = 0;
    let sumLL = 0;
    for (let i = 0; i < x.length; i++) {
      const level = clamp(nearestInt(f32(perScale * x[i]!)), -half, half - 1);
      const w = importance[i]!;
      sumXL = f32(sumXL + f32(f32(w * x[i]!) * level));
      sumLL = f32(sumLL + f32(f32(w * level) * level));
    }
    const isBetter = stretch === 0 || (sumLL > 0 && f32(sumXL * sumXL) > f32(gain * sumLL));
    if (!isBetter) continue;
    for (let i = 0; i < x.length; i++) {
      levels[i] = half + clamp(nearestInt(f32(perScale * x[i]!)), -half, half - 1);
    }
    group.scale = sumLL > 0 ? f32(sumXL / sumLL) : 0;
    gain = f32(group.scale * sumXL);
  }
}

/** Like `fitScale`, for few levels: from the plain grid, moves single weights to the level that improves the whole fit. */
export function fitScaleByDescent(group: Group, half: number): void {
  const { x, levels } = group;
  const extreme = largest(x, 0, x.length);
  levels.fill(0);
  group.scale = 0;
  if (Math.abs(extreme) < negligible) return;
  const perScale = f32(-half / extreme);
  let sumXL = 0;
  let sumLL = 0;
  for (let i = 0; i < x.length; i++) {
    const level = clamp(nearestInt(f32(perScale * x[i]!)), -half, half - 1);
    levels[i] = level + half;
    const w = f32(x[i]! * x[i]!);
    sumXL = f32(sumXL + f32(f32(w * x[i]!) * level));
    sumLL = f32(sumLL + f32(f32(w * level) * level));
  }
  for (let round = 0, changed = true; round < 5 && changed; round++) {
    changed = false;
    for (let i = 0; i < x.length; i++) {
      const w = f32(x[i]! * x[i]!);
      const wx = f32(w * x[i]!);
      const level = levels[i]! - half;
      const restXL = f32(sumXL - f32(wx * level));
      const restLL = f32(sumLL - f32(f32(w * level) * level));
      if (!(restXL > 0)) continue;
      const better = clamp(nearestInt(f32(f32(x[i]! * restLL) / restXL)), -half, half - 1);
      if (better === level) continue;
      const xl = f32(restXL + f32(wx * better));
      const ll = f32(restLL + f32(f32(w * better) * better));
      if (ll > 0 && f32(f32(xl * xl) * sumLL) > f32(f32(sumXL * sumXL) * ll)) {
        levels[i] = better + half;
        sumXL = xl;
        sumLL = ll;
        changed = true;
      }
    }
  }
  group.scale = f32(sumXL / sumLL);
}
