/**
 * Finding the scale that loses least when weights are rounded to levels that are not evenly spaced: the search that ggml's reference
 * quantisers of iq4_nl and iq4_xs make, step for step (fit.ts says why).
 */
import { values } from '../../quants/iq4_nl.ts';
import { f32, largest } from '../../quants/rounding.ts';
import { type Group, negligible } from './fit.ts';
import { sumOfSquares, weighByColumns, weighBySquares } from './importance.ts';

const lowest = values[0]!;

/** The level whose value is nearest to `x`; of two equally near ones the upper. */
export function nearestLevel(x: number): number {
  if (x <= lowest) return 0;
  if (x >= values[15]!) return 15;
  let below = 0;
  let above = 15;
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (x < values[middle]!) above = middle;
    else below = middle;
  }
  return f32(x - values[below]!) < f32(values[above]! - x) ? below : above;
}

/** Sums of a trial: of weights times values, and of squared values; each counts by its importance. */
interface Sums {
  qx: number;
  q2: number;
}

/** Rounds 32 weights to levels times 1 / `perScale`. */
function tryScale({ x, importance }: Group, perScale: number): Sums {
  let qx = 0;
  let q2 = 0;
  for (let j = 0; j < 32; j++) {
    const value = values[nearestLevel(f32(perScale * x[j]!))]!;
    const weighted = f32(importance[j]! * value);
    qx = f32(qx + f32(weighted * x[j]!));
    q2 = f32(q2 + f32(weighted * value));
  }
  return { qx, q2 };
}

/** So many grids are tried that are stretched, and as many that are compressed. */
const nTries = 7;

/** The scale of a group of 32 weights. */
export function fitUneven(group: Group): number {
  const most = largest(group.x, 0, 32);
  if (!(Math.abs(most) >= negligible)) return 0;
  let { qx, q2 } = tryScale(group, f32(1 / f32(-most / lowest)));
  let scale = q2 > 0 ? f32(qx / q2) : 0;
  let best = f32(scale * qx);
  for (let t = -nTries; t <= nTries; t++) {
    ({ qx, q2 } = tryScale(group, f32((t + lowest) / most)));
    if (!(q2 > 0 && f32(qx * qx) > f32(best * q2))) continue;
    scale = f32(qx / q2);
    best = f32(scale * qx);
  }
  return scale;
}

/** The importance of a group's weights: by columns from `col` on where theirs is known, otherwise by their squares. */
export function weighUneven(group: Group, columns: Float32Array | undefined, col: number, power: number): void {
  if (columns) weighByColumns(group, columns, col, power);
  else weighBySquares(group);
}

/** Twice the mean square of the `n` weights at `src[begin]`. */
export const unevenPower = (src: Float32Array, begin: number, n: number): number =>
  f32(sumOfSquares(src, begin, n) * f32(2 / n));
