/**
 * The two 16-bit floats of model files, to and from numbers. Encoding rounds to nearest, ties to even, as IEEE 754-2019
 * section 4.3.1 and ggml do; every NaN stays a NaN (quieted), its payload does not matter.
 *
 *     f16   s eeeee mmmmmmmmmm    bias 15, largest 65,504, smallest 2^-24
 *     bf16  s eeeeeeee mmmmmmm    bias 127: the upper half of an f32
 */

/** One f32 seen as its bits: the only way to them that allocates nothing per call. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The value of the f16 in the low 16 bits of `h`. */
export function halfToFloat(h: number): number {
  if ((h & 0x7c00) === 0x7c00) return (h & 1023) !== 0 ? NaN : (h & 0x8000) !== 0 ? -Infinity : Infinity;
  // Exponent and mantissa moved to an f32's places are read with bias 127 instead of 15: 2^112 too small, subnormals
  // included. A table of exponents instead makes decoding f16 half as fast (Node 20, x86-64: 131 and 315 M/s).
  bits[0] = ((h & 0x8000) << 16) | ((h & 0x7fff) << 13);
  return float[0]! * 2 ** 112;
}

/** The f16 nearest to the f32 nearest to `x`, as 16 bits. From 65,520 on that is infinity. */
export function floatToHalf(x: number): number {
  float[0] = x;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477f_f000) return sign | 0x7c00; // 65,520: half-way between the largest f16 and the next power of 2
  if (magnitude < 0x3880_0000) {
    // Below 2^-14 a half counts in units of 2^-24. Adding 2^52 leaves no fraction bits: the sum rounds to an integer,
    // and a count of 1024 is, bit for bit, the smallest normal half.
    return sign | (Math.abs(float[0]!) * 2 ** 24 + 2 ** 52 - 2 ** 52);
  }
  // Drop 13 mantissa bits; a carry runs into the exponent, which is what rounding up to the next power of 2 means.
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded >>> 13) - ((127 - 15) << 10));
}

/** The value of the bf16 in the low 16 bits of `b`. */
export function bf16ToFloat(b: number): number {
  bits[0] = b << 16;
  return float[0]!;
}

/** The bf16 nearest to the f32 nearest to `x`, as 16 bits. */
export function floatToBf16(x: number): number {
  float[0] = x;
  const all = bits[0]!;
  if ((all & 0x7fff_ffff) > 0x7f80_0000) return (all >>> 16) | 0x40; // NaN: the quiet bit, lest it become infinity
  return (all + 0x7fff + ((all >>> 16) & 1)) >>> 16;
}

/** The f16 at byte `offsetBytes`, little-endian. */
export function readHalf(src: Uint8Array, offsetBytes: number): number {
  return halfToFloat(src[offsetBytes]! | (src[offsetBytes + 1]! << 8));
}

/** Writes the f16 nearest to `x` at byte `offsetBytes`, little-endian. */
export function writeHalf(dst: Uint8Array, offsetBytes: number, x: number): void {
  const h = floatToHalf(x);
  dst[offsetBytes] = h;
  dst[offsetBytes + 1] = h >> 8;
}
