/**
 * Finding the scale that loses least when weights are rounded to levels that are not evenly spaced: the search that ggml's reference
 * quantisers of iq4_nl and iq4_xs make, step for step (fit.ts says why).
 */
import { values } from '../../quants/iq4_nl.ts';
import { f32, largest } from '../../quants/rounding.ts';
import { negligible } from './fit.ts';

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

/** Sums of a trial: of weights times values, and of squared values; each counts as much as the weight's square. */
interface Sums {
  qx: number;
  q2: number;
}

/** Rounds 32 weights at `src[begin]` to levels times 1 / `perScale`. */
function tryScale(src: Float32Array, begin: number, perScale: number, levels?: Uint8Array): Sums {
  let qx = 0;
  let q2 = 0;
  for (let j = 0; j < 32; j++) {
    const x = src[begin + j]!;
    const level = nearestLevel(f32(perScale * x));
    if (levels) levels[j] = level;
    const value = values[level]!;
    const weighted = f32(f32(x * x) * value);
    qx = f32(qx + f32(weighted * x));
    q2 = f32(q2 + f32(weighted * value));
  }
  return { qx, q2 };
}

export interface Search {
  /** So many grids are tried that are stretched, and as many that are compressed; 0 tries the plain one only. */
  readonly nTries: number;
}

/** The scale of the 32 weights at `src[begin]`, and their levels in `levels` [32] for the plain grid; those of a block of nearly zeros stay. */
export function fitUneven(src: Float32Array, begin: number, levels: Uint8Array, { nTries }: Search): number {
  const most = largest(src, begin, 32);
  if (!(Math.abs(most) >= negligible)) return 0;
  const plain = f32((nTries > 0 ? -most : most) / lowest);
  let { qx, q2 } = tryScale(src, begin, f32(1 / plain), levels);
  let scale = f32(qx / q2);
  let best = f32(scale * qx);
  for (let t = -nTries; nTries > 0 && t <= nTries; t++) {
    ({ qx, q2 } = tryScale(src, begin, f32((t + lowest) / most)));
    if (!(q2 > 0 && f32(qx * qx) > f32(best * q2))) continue;
    scale = f32(qx / q2);
    best = f32(scale * qx);
  }
  return scale;
}
