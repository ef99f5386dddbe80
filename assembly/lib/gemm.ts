import { Activations } from './activations';
import { MatmulNode } from './matmul_node';
import { Panel } from './panel';
import { Rows } from './rows';
import { Group } from './simd';

/** Rows in a tile: two panels, so that each activation, once loaded, is used twice. */
export const TILE_ROWS: u32 = 8;

/** Tokens in a tile: their integer sums, levels and a word have to fit in 16 registers; the plain build needs one more for products. */
const TILE_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/**
 * Eight rows × a few tokens: the same operations in the same order as in lib/mat_vec.ts, which spells them out; only the integer
 * sums, which are exact in any order, come word by word: all first words of a sub-block, then all second ones. So one set of
 * sums is enough, and these loops keep the compilers from moving their operations about.
 */
@unmanaged
export class Gemm<Q> {
  /** Eight rows, whose panels lie one behind the other, × all tokens. */
  run(node: MatmulNode, row: u32, panel: usize): void {
    for (let t: u32 = 0; t < node.nRows; t += TILE_TOKENS) this.tile(node, row, t, panel);
  }

  /** One tile; of missing tokens the last one takes the place, and nothing is stored. */
  private tile(node: MatmulNode, row: u32, t: u32, panelA: usize): void {
    const q = changetype<Q>(0);
    const p = changetype<Panel<Q>>(0);
    const n = <i32>(node.rows - row);
    const xBytes = (node.cols >> 5) * Activations.blockBytes;
    const last = node.x + (node.nRows - 1) * xBytes;
    let panelB = panelA + p.bytes(node.cols);
    let x0 = node.x + t * xBytes;
    let x1 = min(x0 + xBytes, last);
    let x2 = min(x1 + xBytes, last);
    let x3 = min(x2 + xBytes, last);
    let x4 = min(x3 + xBytes, last);
    let x5 = min(x4 + xBytes, last);
    const zero = i32x4.splat(0);
    let a0 = zero; // sums of rows 0 … 3, token by token
    let a1 = zero;
    let a2 = zero;
    let a3 = zero;
    let a4 = zero;
    let a5 = zero;
    let b0 = zero; // rows 4 … 7
    let b1 = zero;
    let b2 = zero;
    let b3 = zero;
    let b4 = zero;
    let b5 = zero;
    const nSubs = (node.cols >> 5) * q.subs;
    for (let s: u32 = 0; s < nSubs; s++) {
      const sub = q.subs == 1 ? 0 : s & 1;
      let i0 = zero;
      let i1 = zero;
      let i2 = zero;
      let i3 = zero;
      let i4 = zero;
      let i5 = zero;
      let j0 = zero;
      let j1 = zero;
      let j2 = zero;
      let j3 = zero;
      let j4 = zero;
      let j5 = zero;
      for (let at: usize = 0; at < 64 / q.subs; at += 8) {
        const l = v128.load(panelA + 2 * at);
        const m = v128.load(panelB + 2 * at);
        const w0 = v128.load32_splat(x0 + at);
        i0 = Group.dot<Q>(i0, l, w0);
        j0 = Group.dot<Q>(j0, m, w0);
        const w1 = v128.load32_splat(x1 + at);
        i1 = Group.dot<Q>(i1, l, w1);
        j1 = Group.dot<Q>(j1, m, w1);
        const w2 = v128.load32_splat(x2 + at);
        i2 = Group.dot<Q>(i2, l, w2);
        j2 = Group.dot<Q>(j2, m, w2);
        const w3 = v128.load32_splat(x3 + at);
        i3 = Group.dot<Q>(i3, l, w3);
        j3 = Group.dot<Q>(j3, m, w3);
        if (ASC_FEATURE_RELAXED_SIMD) {
          const w4 = v128.load32_splat(x4 + at);
          i4 = Group.dot<Q>(i4, l, w4);
          j4 = Group.dot<Q>(j4, m, w4);
          const w5 = v128.load32_splat(x5 + at);
          i5 = Group.dot<Q>(i5, l, w5);
          j5 = Group.dot<Q>(j5, m, w5);
        }
      }
      i0 = this.between(i0, x0, sub);
      j0 = this.between(j0, x0, sub);
      i1 = this.between(i1, x1, sub);
      j1 = this.between(j1, x1, sub);
      i2 = this.between(i2, x2, sub);
      j2 = this.between(j2, x2, sub);
      i3 = this.between(i3, x3, sub);
      j3 = this.between(j3, x3, sub);
      if (ASC_FEATURE_RELAXED_SIMD) {
        i4 = this.between(i4, x4, sub);
        j4 = this.between(j4, x4, sub);
        i5 = this.between(i5, x5, sub);
        j5 = this.between(j5, x5, sub);
      }
      for (let at: usize = 0; at < 64 / q.subs; at += 8) {
        const l = v128.load(panelA + 2 * at + p.second);
        const m = v128.load(panelB + 2 * at + p.second);
        const w0 = v128.load32_splat(x0 + at, 4);
        i0 = Group.dot<Q>(i0, l, w0);
        j0 = Group.dot<Q>(j0, m, w0);
        const w1 = v128.load32_splat(x1 + at, 4);
        i1 = Group.dot<Q>(i1, l, w1);
        j1 = Group.dot<Q>(j1, m, w1);
        const w2 = v128.load32_splat(x2 + at, 4);
        i2 = Group.dot<Q>(i2, l, w2);
        j2 = Group.dot<Q>(j2, m, w2);
        const w3 = v128.load32_splat(x3 + at, 4);
        i3 = Group.dot<Q>(i3, l, w3);
        j3 = Group.dot<Q>(j3, m, w3);
        if (ASC_FEATURE_RELAXED_SIMD) {
          const w4 = v128.load32_splat(x4 + at, 4);
          i4 = Group.dot<Q>(i4, l, w4);
          j4 = Group.dot<Q>(j4, m, w4);
          const w5 = v128.load32_splat(x5 + at, 4);
          i5 = Group.dot<Q>(i5, l, w5);
          j5 = Group.dot<Q>(j5, m, w5);
        }
      }
      {
        const scale = v128.load(panelA + p.scale);
        const min = q.hasMins ? v128.load(panelA + p.min) : zero;
        a0 = this.add(a0, i0, x0, scale, min, sub);
        a1 = this.add(a1, i1, x1, scale, min, sub);
        a2 = this.add(a2, i2, x2, scale, min, sub);
        a3 = this.add(a3, i3, x3, scale, min, sub);
        if (ASC_FEATURE_RELAXED_SIMD) {
          a4 = this.add(a4, i4, x4, scale, min, sub);
          a5 = this.add(a5, i5, x5, scale, min, sub);
        }
      }
      {
        const scale = v128.load(panelB + p.scale);
        const min = q.hasMins ? v128.load(panelB + p.min) : zero;
        b0 = this.add(b0, j0, x0, scale, min, sub);
        b1 = this.add(b1, j1, x1, scale, min, sub);
        b2 = this.add(b2, j2, x2, scale, min, sub);
        b3 = this.add(b3, j3, x3, scale, min, sub);
        if (ASC_FEATURE_RELAXED_SIMD) {
          b4 = this.add(b4, j4, x4, scale, min, sub);
          b5 = this.add(b5, j5, x5, scale, min, sub);
        }
      }
      panelA += p.subBytes;
      panelB += p.subBytes;
      const step = q.subs == 1 || sub ? Activations.blockBytes - 32 * (q.subs - 1) : 32;
      x0 += step;
      x1 += step;
      x2 += step;
      x3 += step;
      if (ASC_FEATURE_RELAXED_SIMD) {
        x4 += step;
        x5 += step;
      }
    }
    const out = node.out + 4 * (t * node.rows + row);
    const outBytes = 4 * node.rows;
    const bias = node.bias ? node.bias + 4 * row : 0;
    const nTokens = node.nRows - t;
    this.store(out, a0, b0, bias, n);
    if (nTokens > 1) this.store(out + 1 * outBytes, a1, b1, bias, n);
    if (nTokens > 2) this.store(out + 2 * outBytes, a2, b2, bias, n);
    if (nTokens > 3) this.store(out + 3 * outBytes, a3, b3, bias, n);
    if (ASC_FEATURE_RELAXED_SIMD) {
      if (nTokens > 4) this.store(out + 4 * outBytes, a4, b4, bias, n);
      if (nTokens > 5) this.store(out + 5 * outBytes, a5, b5, bias, n);
    }
  }

  /** Sums between first and second words. They end at those of the true levels. */
  @inline
  private between(sum: v128, x: usize, sub: u32): v128 {
    const bias = changetype<Panel<Q>>(0).bias;
    sum = Group.between(sum);
    if (bias == 0) return sum;
    const start = v128.load32_splat(
      x + (changetype<Q>(0).subs == 1 ? Activations.start : Activations.starts - 28 * sub),
    );
    return i32x4.add(sum, bias == 128 ? i32x4.shl(start, 1) : start);
  }

  /** One token's sums of four rows with a sub-block added. */
  @inline
  private add(sums: v128, dots: v128, x: usize, scale: v128, min: v128, sub: u32): v128 {
    const q = changetype<Q>(0);
    const xScale = v128.load32_splat(x + Activations.scale - 32 * sub);
    sums = f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(dots), f32x4.mul(scale, xScale)));
    if (!q.hasMins) return sums;
    if (q.subs == 1) return f32x4.add(sums, f32x4.mul(min, v128.load32_splat(x, Activations.scaledSum)));
    // start is -64 times the sum of the activations; a power of two does not round
    const start = f32x4.convert_i32x4_s(v128.load32_splat(x + Activations.starts - 28 * sub));
    const scaledSum = f32x4.mul(start, f32x4.mul(xScale, f32x4.splat(-1.0 / 64)));
    return f32x4.add(sums, f32x4.mul(min, scaledSum));
  }

  /** Eight rows' results for one token. */
  @inline
  private store(out: usize, a: v128, b: v128, bias: usize, n: i32): void {
    Rows.store(out, a, bias, n);
    Rows.store(out + 16, b, bias ? bias + 16 : 0, n - 4);
  }
}
