/**
 * Quantised activations: a row's columns, 32 or 256 to a scale, as many as a block of the weights has that they meet.
 * x ≈ scale * level with levels -16256 … 16256. One block:
 *
 *     | groups of 4 levels, 8 bytes each | scale f32 | sums i32, see below |
 *
 *     relaxed build, group:    | high digits of k0 k1 k2 k3 | low digits of k0 k1 k2 k3 |    level = 128 * high + low
 *     plain build, group:      | k0 k1 i16                  | k2 k3 i16                 |    high -127 … 127, low 0 … 127
 *
 * For 16-bit weights (lib/fixed_block.ts) both builds use the plain build's groups.
 *
 * Each half of a group is one *word*, which goes to every lane of a vector and meets a group of weights, see lib/simd.ts.
 *
 * Sums of levels, all of them negative, are what weights' offsets and mins are multiplied by: a dot product with stored levels that
 * begins at offset * -(sum of activations) ends at the one with true levels.
 *
 *     32:     | scale * sum f32 | -sum |
 *     256:    | 8 of -sum of 32 columns | 16 of -sum of 16 columns |
 *
 * 16256 is 127 * 128, so that no high digit is -128: where ARM has no dot instruction, or a baseline compiler does not use it, two
 * products meet in 16 bits first, and 2 * -128 * -128 does not fit.
 *
 * Fifteen bits are what both builds multiply without loss: two digits of a relaxed dot product, or one 16-bit number. With
 * eight bits the logits of SmolLM2-135M were off by 0.32 (root mean square), with fifteen by 0.004, with 256 to a scale by 0.01.
 */
@unmanaged
export class Activations<Q> {
  /** Columns of a block. */
  @inline
  get cols(): u32 {
    return changetype<Q>(0).span;
  }

  // offsets in a block

  @inline
  get scale(): u32 {
    return 2 * this.cols;
  }

  /** 32: scale * the sum of the levels, f32. */
  @inline
  get scaledSum(): u32 {
    return 2 * this.cols + 4;
  }

  /** Where sums of what shares a scale of the weights begin. */
  @inline
  get sums(): u32 {
    return this.cols == 32 ? 72 : changetype<Q>(0).subs == 1 ? 516 : 548;
  }

  @inline
  get bytes(): u32 {
    return this.cols == 32 ? 76 : 612;
  }
}
