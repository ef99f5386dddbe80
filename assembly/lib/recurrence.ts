import { Lanes } from './math';

/** Columns of a block: with 128 rows it has 8 KB, and stays in the L1 cache. */
const BLOCK_COLUMNS: u32 = 16;

/** Tokens whose gates are computed together, one to a lane. */
export const GATE_TOKENS: u32 = 4;

/** What leaves less than this of a state empties it: its products would become subnormal, which are slow. */
const LEAST_FADE: f32 = 1e-20;

/**
 * Layers whose heads each have a matrix that every token changes, `[nHeads * rows, headDim]`. Its columns do not know of each other, so
 * an item is a block of columns of one head, and takes all tokens of the step, one after the other: the operations on a number come in
 * the same order however a text is cut into steps, and whoever does the item. Blocks lie one after the other:
 *
 *     | head 0: row 0 columns 0 … 15, row 1, … | head 1 | … | head 0: row 0 columns 16 … 31, … | …
 *
 * A head whose columns are no whole blocks has blocks of one column. A step has one text: families that read several at a time, those of
 * embeddings, have no such layers.
 */
export class Blocks {
  @inline
  static columns(headDim: u32): u32 {
    return headDim % BLOCK_COLUMNS == 0 ? BLOCK_COLUMNS : 1;
  }

  /** Blocks of a head. */
  @inline
  static count(headDim: u32): u32 {
    return headDim / Blocks.columns(headDim);
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
