/** Finding the unit that the scales of a block's groups, or their mins, are multiples of: ggml's search, step for step (fit.ts). */
import { clamp, f32, nearestInt } from '../../quants/rounding.ts';
import { negligible, tenth } from './fit.ts';

/** Numbers that are not negative, and what their errors count; the result in `levels`. */
export interface Scales {
  /** `[n]` */
  readonly x: Float32Array;
  /** `[n]` */
  readonly importance: Float32Array;
  /** `[n]` result, 0..maxLevel */
  readonly levels: Uint8Array;
}

export const newScales = (n: number): Scales => ({
  x: new Float32Array(n),
  importance: new Float32Array(n),
  levels: new Uint8Array(n),
});

/** Without a search: the largest becomes `maxLevel`; returns the unit. */
export function widestUnit({ x, levels }: Scales, maxLevel: number): number {
  let most = 0;
  for (let i = 0; i < x.length; i++) most = Math.max(most, x[i]!);
  const perUnit = most > 0 ? f32(maxLevel / most) : 0;
  for (let i = 0; i < x.length; i++) levels[i] = clamp(nearestInt(f32(perUnit * x[i]!)), 0, maxLevel);
  return f32(most / maxLevel);
}

/** Fits x = unit * level, level 0..maxLevel; returns the unit. */
export function fitUnit(scales: Scales, maxLevel: number): number {
  const { x, importance, levels } = scales;
  let most = 0;
  for (let i = 0; i < x.length; i++) most = Math.max(most, x[i]!);
  if (most < negligible) {
    levels.fill(0);
    return 0;
  }
  const perUnit = bestGrid(scales, most, maxLevel);
  let sumXL = 0;
  let sumLL = 0;
  for (let i = 0; i < x.length; i++) {
    const level = Math.min(maxLevel, nearestInt(f32(perUnit * x[i]!)));
    levels[i] = level;
    const w = importance[i]!;
    sumXL = f32(sumXL + f32(f32(w * x[i]!) * level));
    sumLL = f32(sumLL + f32(f32(w * level) * level));
  }
  return descend(scales, maxLevel, { sumXL, sumLL });
}

/** Of slightly stretched grids, the one with the least error: its levels per number. */
function bestGrid({ x, importance }: Scales, most: number, maxLevel: number): number {
  let best = f32(maxLevel / most);
  let leastError = Infinity;
  for (const stretch of [0, -4, -3, -2, -1, 1, 2, 3, 4]) {
    const perUnit = f32(f32(f32(tenth * stretch) + maxLevel) / most);
    const unit = f32(1 / perUnit);
    let error = 0;
    for (let i = 0; i < x.length; i++) {
      const level = Math.min(maxLevel, nearestInt(f32(perUnit * x[i]!)));
      const difference = f32(x[i]! - f32(unit * level));
      error = f32(error + f32(f32(importance[i]! * difference) * difference));
    }
    if (!(error < leastError)) continue;
    leastError = error;
    best = perUnit;
  }
  return best;
}

/** Moves single numbers to the level that improves the whole fit. */
function descend({ x, importance, levels }: Scales, maxLevel: number, sums: { sumXL: number; sumLL: number }): number {
  let { sumXL, sumLL } = sums;
  for (let round = 0, changed = true; round < 5 && changed; round++) {
    changed = false;
    for (let i = 0; i < x.length; i++) {
      const w = importance[i]!;
      const wx = f32(w * x[i]!);
      const level = levels[i]!;
      const restXL = f32(sumXL - f32(wx * level));
      const restLL = f32(sumLL - f32(f32(w * level) * level));
      if (!(restXL > 0 && restLL > 0)) continue;
      const better = Math.min(maxLevel, nearestInt(f32(f32(x[i]! * restLL) / restXL)));
      if (better === level) continue;
      const xl = f32(restXL + f32(wx * better));
      const ll = f32(restLL + f32(f32(w * better) * better));
      if (f32(f32(xl * xl) * sumLL) > f32(f32(sumXL * sumXL) * ll)) {
        levels[i] = better;
        sumXL = xl;
        sumLL = ll;
        changed = true;
      }
    }
  }
  return sumLL > 0 ? f32(sumXL / sumLL) : 0;
}
