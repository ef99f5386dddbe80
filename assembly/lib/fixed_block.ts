/**
 * F16 and BF16 weights lie in memory as fixed point. So 16-bit integer dot products multiply them; a machine does about twice
 * as many of these as of float32's multiplications and additions. In a row, every 32 columns share a scale: weight = scale *
 * level. A block is 32 columns of 16 rows:
 *
 *     item = | block 0 | block 1 | …                                       columns that are missing are zero
 *     block = | rows 0 … 7: 512 bytes | rows 8 … 15 | 16 scales, u16 |     1056 bytes
 *     8 rows = | k0 k1 of rows 0 1 2 3 | k0 k1 of rows 4 5 6 7 | k2 k3 of rows 0 1 2 3 | …     levels are i16
 *
 * A scale is the least power of two with which levels fit 16 bits, and sums of 32 products with the largest activations fit
 * 32 bits: Σ |level| * 16256 < 2^31. So the sum of the weights counts, not the largest one: levels have 13 bits and a sign
 * where all weights are alike, some 14 in a real model, and 15 where a few weights are large. A scale is kept as the upper
 * half of a float32.
 *
 * An F16 has 11 significant bits, and is exact down to some 1/8 of its block's largest weight; a BF16 has 8 bits, and is
 * exact down to 1/64. Smaller weights are rounded to a multiple of the scale. Where a block has an infinity or a NaN, or its
 * BF16 weights' sum is beyond float32, its row is NaN.
 */
export class FixedBlock {
  @inline
  static get bytes(): u32 {
    return 1056;
  }

  /** From one block's 8 rows to the next 8. */
  @inline
  static get octet(): u32 {
    return 512;
  }

  @inline
  static get scales(): u32 {
    return 1024;
  }

  /** Four scales of a block as floats. */
  @inline
  static scales4(at: usize, offset: usize = 0): v128 {
    return i32x4.shl(v128.load_ext<u16>(at + offset), 16);
  }

  /**
   * The most that levels of 32 columns may add up to: 16 less than 2^31 / 16256 because they are rounded, and a bit less for
   * float32 sums.
   */
  @inline
  static get largestSum(): f32 {
    return 132000;
  }

  @inline
  static get largestLevel(): f32 {
    return 32767;
  }

  @inline
  static count(cols: u32): u32 {
    return (cols + 31) >> 5;
  }

  /** sum + two columns of four rows · two activations. */
  @inline
  static dot(sum: v128, levels: v128, words: v128): v128 {
    return i32x4.add(sum, i32x4.dot_i16x8_s(levels, words));
  }

  /** Four rows' sums with one block added. */
  @inline
  static add(sums: v128, dots: v128, scale: v128): v128 {
    return f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(dots), scale));
  }
}
