/**
 * Four rows of weights at a time. A *group* is one v128 of 16 levels: 4 rows × 4 consecutive k. Its dot product with the
 * 4 activations of these k leaves one i32 per row, so nothing ever has to be summed across lanes.
 *
 *     relaxed build, 4 k of a row side by side:     k0 k1 k2 k3 of row 0 | row 1 | row 2 | row 3
 *     plain build, 2 k of a row side by side:       k0 k1 of rows 0 1 2 3 | k2 k3 of rows 0 1 2 3
 *
 * The four activations come as two words (lib/activations.ts), and so do the sums. In the relaxed build they are the high and
 * the low digits and both meet the whole group: sum = 128 * first + second. In the plain build each meets its half of the
 * group, widened to 16 bits: sum = first + second.
 */
export class Group {
  /** sum + levels · words of the same width, exact for all levels that a type Q has. */
  @inline
  static dot<Q>(sum: v128, levels: v128, words: v128): v128 {
    if (!ASC_FEATURE_RELAXED_SIMD) return i32x4.add(sum, i32x4.dot_i16x8_s(levels, words));
    if (changetype<Q>(0).splits) {
      // 0 … 255 on a machine that takes seven bits: level = (level + 1 >> 1) + the rest, both at most 128
      const half = i8x16.avgr_u(levels, i8x16.splat(0));
      sum = i32x4.relaxed_dot_i8x16_i7x16_add_s(words, half, sum);
      levels = i8x16.sub(levels, half);
    }
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(words, levels, sum);
  }

  /** Four rows of 16 levels each → groups k 0-3, 4-7, 8-11, 12-15 at `to`. */
  @inline
  static interleave(to: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
    const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5); // r0 k0-3, r1 k0-3, r0 k4-7, r1 k4-7
    const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
    const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, Group.ofRows(v128.shuffle<i64>(a, b, 0, 2)));
    v128.store(to, Group.ofRows(v128.shuffle<i64>(a, b, 1, 3)), 16);
    v128.store(to, Group.ofRows(v128.shuffle<i64>(c, d, 0, 2)), 32);
    v128.store(to, Group.ofRows(v128.shuffle<i64>(c, d, 1, 3)), 48);
  }

  /** From row-by-row order to the order of this build. */
  @inline
  static ofRows(rows: v128): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? rows : v128.shuffle<i16>(rows, rows, 0, 2, 4, 6, 1, 3, 5, 7);
  }
}
