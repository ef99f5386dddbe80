/**
 * Arithmetic the block types share. ggml's quantisers compute in single precision, and a level that lies on the border
 * between two values falls by the last bit: byte-equal files need every step rounded to f32, one operation at a time.
 * (A double holds the exact result of one f32 operation well enough that rounding it once more changes nothing.)
 *
 * Decoders need none of this: a half's 11 bits times a level's and a sub-scale's few bits fit an f32 exactly, so the
 * one rounding when a weight is stored in a Float32Array is all there is.
 */

/** Rounds to single precision: `f32(a * b)` is the product of two floats. */
export const f32 = Math.fround;

/** 2^23 + 2^22: floats of this size are integers, so adding it rounds to the nearest integer, ties to even. */
const integersOnly = 12_582_912;

/** The integer nearest to `x`, ties to even, for |x| < 2^22. */
export function nearestInt(x: number): number {
  return f32(x + integersOnly) - integersOnly;
}

export function clamp(x: number, from: number, to: number): number {
  return Math.max(from, Math.min(to, x));
}

/** 1 / scale in single precision; 0 for a block of zeros. */
export function inverse(scale: number): number {
  return scale === 0 ? 0 : f32(1 / scale);
}

/** The first value of largest magnitude in `x[begin .. begin + n)`, with its sign; NaN is passed over. */
export function largest(x: Float32Array, begin: number, n: number): number {
  let found = 0;
  for (let i = begin; i < begin + n; i++) if (Math.abs(x[i]!) > Math.abs(found)) found = x[i]!;
  return found;
}

/** The smallest value in `x[begin .. begin + n)`; NaN is passed over. */
export function lowest(x: Float32Array, begin: number, n: number): number {
  let found = Infinity;
  for (let i = begin; i < begin + n; i++) if (x[i]! < found) found = x[i]!;
  return found;
}

/** The greatest value in `x[begin .. begin + n)`; NaN is passed over. */
export function highest(x: Float32Array, begin: number, n: number): number {
  let found = -Infinity;
  for (let i = begin; i < begin + n; i++) if (x[i]! > found) found = x[i]!;
  return found;
}

/** The 32 bits at byte `offsetBytes`, little-endian, as JavaScript keeps them: a signed integer. */
export function readWord(src: Uint8Array, offsetBytes: number): number {
  return (
    src[offsetBytes]! | (src[offsetBytes + 1]! << 8) | (src[offsetBytes + 2]! << 16) | (src[offsetBytes + 3]! << 24)
  );
}

export function writeWord(dst: Uint8Array, offsetBytes: number, value: number): void {
  for (let i = 0; i < 4; i++) dst[offsetBytes + i] = value >>> (8 * i);
}
