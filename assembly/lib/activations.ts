/**
 * Quantised activations. 32, 64, 128 or 256 columns of a row share a scale: as many as a block of the file has in the weights that
 * they meet. x ≈ scale * level. A kernel's type parameter A says how fine levels are: `Exact` ones go from -16256 to 16256,
 * `Fast` ones from -127 to 127. One block:
 *
 *     | levels, 32 columns after the other | scale f32 | sums i32, see below |
 *
 *     relaxed build, exact:    | 32 high digits i8 | 32 low digits i8 |     level = 128 * high + low
 *     relaxed build, fast:     | 32 levels i8      |                        high -127 … 127, low 0 … 127
 *     plain build, either:     | 32 levels i16     |
 *
 * For 16-bit weights (lib/fixed_block.ts), which are always multiplied by exact ones, both builds use the plain build's form:
 * these are `Words`.
 *
 * Four bytes are one *word*, which goes to every lane of a vector and meets a group of weights, see lib/simd.ts: a group of four
 * columns has one word, or a first and a second one. In the plain build both kinds look alike, and one kernel multiplies both.
 *
 * Offsets and mins of the weights are multiplied by sums of levels, which are stored negative: a dot product with stored
 * levels begins at offset * -(sum of activations), and so it ends at the product with true levels.
 *
 *     32:     | scale * sum f32 | -sum |
 *     256:    | 8 of -sum of 32 columns | 16 of -sum of 16 columns |     with 128 columns only the first half of each is used, with 64 the first quarter
 *
 * 16256 is 127 * 128, so that no high digit is -128. Where ARM has no dot instruction, or a baseline compiler does not use
 * it, two products meet in 16 bits first, and 2 * -128 * -128 does not fit there.
 *
 * Both builds multiply fifteen bits without loss: as two digits of a relaxed dot product, or as one 16-bit number. With eight
 * bits the logits of SmolLM2-135M were off by 0.32 (root mean square), with fifteen by 0.004, with 256 to a scale by 0.01.
 */
@unmanaged
export class Exact {
  /** The largest level. */
  @inline
  get largest(): f32 {
    return 16256;
  }

  /** Digits of 8 bits that a level has; 0: it is one number of 16 bits. */
  @inline
  get digits(): u32 {
    return ASC_FEATURE_RELAXED_SIMD ? 2 : 0;
  }
}

@unmanaged
export class Fast {
  @inline
  get largest(): f32 {
    return 127;
  }

  @inline
  get digits(): u32 {
    return ASC_FEATURE_RELAXED_SIMD ? 1 : 0;
  }
}

@unmanaged
export class Words {
  @inline
  get largest(): f32 {
    return 16256;
  }

  @inline
  get digits(): u32 {
    return 0;
  }
}

@unmanaged
export class Activations<Q, A> {
  /** Columns of a block. */
  @inline
  get cols(): u32 {
    return changetype<Q>(0).span;
  }

  /** Words of a group: where there are two, so there are sums of first and of second words. */
  @inline
  get nWords(): u32 {
    return changetype<A>(0).digits == 1 ? 1 : 2;
  }

  /** Bytes of 32 columns. */
  @inline
  get bytes32(): u32 {
    return 32 * this.nWords;
  }

  @inline
  get digits(): u32 {
    return changetype<A>(0).digits;
  }

  /** Digits of 32 columns lie in planes, the high ones first; 16-bit numbers are one plane. */
  @inline
  get nPlanes(): u32 {
    return this.digits == 2 ? 2 : 1;
  }

  @inline
  get planeBytes(): u32 {
    return this.digits == 0 ? 64 : 32;
  }

  // offsets in a block

  @inline
  get scale(): u32 {
    return this.nWords * this.cols;
  }

  /** 32: scale * the sum of the levels, f32. */
  @inline
  get scaledSum(): u32 {
    return this.scale + 4;
  }

  /** Where sums of what shares a scale of the weights begin. */
  @inline
  get sums(): u32 {
    return this.scale + (this.cols == 32 ? 8 : changetype<Q>(0).subs == 1 ? 4 : 36);
  }

  @inline
  get bytes(): u32 {
    return this.scale + (this.cols == 32 ? 12 : 100);
  }

  /** What a sum of first words counts beside one of second words. */
  @inline
  between(first: v128): v128 {
    return changetype<A>(0).digits == 2 ? i32x4.shl(first, 7) : first;
  }
}
