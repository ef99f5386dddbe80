import { exp, log } from '../base/math.ts';

/** `ln(1 + eˣ)`, which is x itself for large ones, and eˣ for those far below 0. */
export function softplus(x: number): number {
  if (x > 20) return x;
  const e = exp(x);
  return x < -15 ? e : log(1 + e);
}
