/** What the encoders of types with weights of -scale, 0 and scale have in common. */
import { f32, inverse, largest } from '../../quants/rounding.ts';

/** The scale of a block: its largest magnitude. */
export const scaleOf = (src: Float32Array, begin: number, n: number): number => Math.abs(largest(src, begin, n));

/** The level of weight x, 0..2; halves are rounded away from zero. */
export function levelOf(x: number, scale: number): number {
  const scaled = f32(x * inverse(scale));
  return (Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5)) | 0) + 1;
}
