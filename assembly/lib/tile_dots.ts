import { Activations } from './activations';
import { Group } from './simd';

/** Rows of a tile: two vectors of levels, so that each activation, once loaded, is used twice. */
export const TILE_ROWS: u32 = 8;

/** Tokens of a tile: their integer sums, levels and a word have to fit in 16 registers; the plain build needs one more for products. */
export const TILE_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Bytes of a tile's sums. */
export const TILE_BYTES: u32 = 4 * TILE_ROWS * TILE_TOKENS;

/**
 * Integer sums of a tile, eight rows × a few tokens: all the dot products, and nothing else, so that most types of weights
 * share this code. S is the kind of sub-blocks, A the kind of activations.
 *
 * The inner loop does one word at a time and counts to a constant. So compilers neither nest products nor move loads, which
 * would take more than 16 registers, and do not look for an interrupt in between.
 */
@unmanaged
export class TileDots<S, A> {
  /**
   * Sums of `nSubs` sub-blocks → [nSubs, nTokens, 8 rows] i32 at `to`. The first token's activations are at `x0`, the next
   * token's xBytes further on; the last token, at `last`, stands in for missing ones. `blockBytes` lead from 32 columns to
   * the next in the activations, and `subBytes` from a sub-block to the next in the panel.
   */
  run(
    to: usize,
    nSubs: u32,
    panel: usize,
    subBytes: u32,
    x0: usize,
    xBytes: usize,
    last: usize,
    blockBytes: u32,
  ): void {
    const s = changetype<S>(0);
    const a = changetype<Activations<S, A>>(0);
    let x1 = min(x0 + xBytes, last);
    let x2 = min(x1 + xBytes, last);
    let x3 = min(x2 + xBytes, last);
    let x4 = min(x3 + xBytes, last);
    let x5 = min(x4 + xBytes, last);
    // from the last plane of a sub-block to the first one of the next
    const back = (a.nPlanes - 1) * a.planeBytes;
    let step = (s.subs == 2 ? a.planeBytes / 2 : blockBytes) - back;
    for (const end = to + nSubs * TILE_BYTES; to < end; to += TILE_BYTES) {
      let i0 = i32x4.splat(0); // sums of rows 0 … 3, token by token
      let i1 = i0;
      let i2 = i0;
      let i3 = i0;
      let i4 = i0;
      let i5 = i0;
      let j0 = i0; // rows 4 … 7
      let j1 = i0;
      let j2 = i0;
      let j3 = i0;
      let j4 = i0;
      let j5 = i0;
      let plane = a.nPlanes;
      while (true) {
        for (let at: usize = 0; at < a.planeBytes / s.subs; at += 4) {
          const l = v128.load(panel + 8 * at);
          const m = v128.load(panel + 8 * at, 16);
          const w0 = v128.load32_splat(x0 + at);
          i0 = Group.dot<S>(i0, l, w0);
          j0 = Group.dot<S>(j0, m, w0);
          const w1 = v128.load32_splat(x1 + at);
          i1 = Group.dot<S>(i1, l, w1);
          j1 = Group.dot<S>(j1, m, w1);
          const w2 = v128.load32_splat(x2 + at);
          i2 = Group.dot<S>(i2, l, w2);
          j2 = Group.dot<S>(j2, m, w2);
          const w3 = v128.load32_splat(x3 + at);
          i3 = Group.dot<S>(i3, l, w3);
          j3 = Group.dot<S>(j3, m, w3);
          if (ASC_FEATURE_RELAXED_SIMD) {
            const w4 = v128.load32_splat(x4 + at);
            i4 = Group.dot<S>(i4, l, w4);
            j4 = Group.dot<S>(j4, m, w4);
            const w5 = v128.load32_splat(x5 + at);
            i5 = Group.dot<S>(i5, l, w5);
            j5 = Group.dot<S>(j5, m, w5);
          }
        }
        if (a.nPlanes == 1 || --plane == 0) break;
        i0 = i32x4.shl(i0, 7);
        j0 = i32x4.shl(j0, 7);
        i1 = i32x4.shl(i1, 7);
        j1 = i32x4.shl(j1, 7);
        i2 = i32x4.shl(i2, 7);
        j2 = i32x4.shl(j2, 7);
        i3 = i32x4.shl(i3, 7);
        j3 = i32x4.shl(j3, 7);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = i32x4.shl(i4, 7);
          j4 = i32x4.shl(j4, 7);
          i5 = i32x4.shl(i5, 7);
          j5 = i32x4.shl(j5, 7);
        }
        x0 += a.planeBytes;
        x1 += a.planeBytes;
        x2 += a.planeBytes;
        x3 += a.planeBytes;
        if (ASC_FEATURE_RELAXED_SIMD) {
          x4 += a.planeBytes;
          x5 += a.planeBytes;
        }
      }
      v128.store(to, i0, 0);
      v128.store(to, j0, 16);
      v128.store(to, i1, 32);
      v128.store(to, j1, 48);
      v128.store(to, i2, 64);
      v128.store(to, j2, 80);
      v128.store(to, i3, 96);
      v128.store(to, j3, 112);
      if (ASC_FEATURE_RELAXED_SIMD) {
        v128.store(to, i4, 128);
        v128.store(to, j4, 144);
        v128.store(to, i5, 160);
        v128.store(to, j5, 176);
      }
      x0 += step;
      x1 += step;
      x2 += step;
      x3 += step;
      if (ASC_FEATURE_RELAXED_SIMD) {
        x4 += step;
        x5 += step;
      }
      if (s.subs == 2) step = blockBytes - 2 * back - step;
      panel += subBytes;
    }
  }
}
