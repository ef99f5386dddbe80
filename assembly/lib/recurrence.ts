import { Lanes } from './math';

/** Columns of a head that an item has: with 128 rows its part of the state is 8 KB, and stays in the L1 cache. */
export const ITEM_COLUMNS: u32 = 16;

/** Tokens whose gates are computed together, one to a lane. */
export const GATE_TOKENS: u32 = 4;

/** What fades a state below this part of itself empties it: products would become subnormal, which are slow. */
const LEAST_FADE: f32 = 1e-20;

/**
 * A layer whose heads each have a matrix that every token changes. Columns of it do not know of each other, so an item is a block of
 * columns of one head, and takes all tokens of the step, one after the other: a number's operations come in the same order however
 * a text is cut into steps and whoever does the item.
 */
export class Heads {
  @inline
  static blocks(headDim: u32): u32 {
    return (headDim + ITEM_COLUMNS - 1) / ITEM_COLUMNS;
  }

  /** A head's numbers of `n` ≤ GATE_TOKENS tokens, from rows of `nHeads`. */
  @inline
  static gather(from: usize, nHeads: u32, n: u32): v128 {
    const stride = nHeads << 2;
    let x = v128.load32_zero(from);
    if (n > 1) x = v128.load_lane<f32>(from + stride, x, 1);
    if (n > 2) x = v128.load_lane<f32>(from + 2 * stride, x, 2);
    if (n > 3) x = v128.load_lane<f32>(from + 3 * stride, x, 3);
    return x;
  }

  /** e^(a · step): what a token leaves of a state. */
  @inline
  static fade(a: usize, steps: v128): v128 {
    const fades = Lanes.exp(f32x4.mul(v128.load32_splat(a), steps));
    return v128.andnot(fades, f32x4.lt(fades, f32x4.splat(LEAST_FADE))); // a NaN is not less
  }
}
