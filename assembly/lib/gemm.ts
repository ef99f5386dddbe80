import { Activations } from './activations';
import { MatmulNode } from './matmul_node';
import { Panel } from './panel';
import { Rows } from './rows';
import { scratch } from './scratch';
import { Group } from './simd';

/** Rows in a tile: two panels, so that each activation, once loaded, is used twice. */
export const TILE_ROWS: u32 = 8;

/** Tokens in a tile: their integer sums, levels and a word have to fit in 16 registers; the plain build needs one more for products. */
export const TILE_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/**
 * Eight rows × a few tokens: the same operations in the same order as in lib/mat_vec.ts, which spells them out; only the integer
 * sums, which are exact in any order, come word by word: all first words of a sub-block, then all second ones. So one set of
 * sums is enough, and these loops keep the compilers from moving their operations about.
 */
@unmanaged
export class Gemm<Q, A> {
  /** Eight rows, whose panels lie one behind the other, × the first tokens. */
  run(node: MatmulNode, row: u32, nTokens: u32, panel: usize): void {
    for (let t: u32 = 0; t < nTokens; t += TILE_TOKENS) this.tile(node, row, t, nTokens - t, panel);
  }

  /** One tile; of missing tokens the last one takes the place, and nothing is stored. */
  private tile(node: MatmulNode, row: u32, t: u32, nTokens: u32, panelA: usize): void {
    const q = changetype<Q>(0);
    const p = changetype<Panel<Q>>(0);
    const x = changetype<Activations<Q, A>>(0);
    const xBytes = (node.cols / q.span) * x.bytes;
    const last = node.x + (t + nTokens - 1) * xBytes;
    let panelB = panelA + p.bytes(node.cols);
    let x0 = node.x + t * xBytes;
    let x1 = min(x0 + xBytes, last);
    let x2 = min(x1 + xBytes, last);
    let x3 = min(x2 + xBytes, last);
    let x4 = min(x3 + xBytes, last);
    let x5 = min(x4 + xBytes, last);
    const zero = i32x4.splat(0);
    let a0 = zero; // sums of rows 0 … 3, token by token; of one super-block, or of all blocks
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
    const totals = scratch(); // sums over super-blocks, two quads for each token
    if (q.span > 32) memory.fill(totals, 0, 192);
    const nUnits = node.cols / q.span;
    for (let unit: u32 = 0; unit < nUnits; unit++) {
      for (let s: u32 = 0; s < p.unitSubs; s++) {
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
        for (let at: usize = 0; at < x.bytes32 / q.subs; at += 4 * x.nWords) {
          const l = v128.load(panelA + (4 / x.nWords) * at);
          const m = v128.load(panelB + (4 / x.nWords) * at);
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
        i0 = this.between(i0, x0, s);
        j0 = this.between(j0, x0, s);
        i1 = this.between(i1, x1, s);
        j1 = this.between(j1, x1, s);
        i2 = this.between(i2, x2, s);
        j2 = this.between(j2, x2, s);
        i3 = this.between(i3, x3, s);
        j3 = this.between(j3, x3, s);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = this.between(i4, x4, s);
          j4 = this.between(j4, x4, s);
          i5 = this.between(i5, x5, s);
          j5 = this.between(j5, x5, s);
        }
        for (let at: usize = 0; x.nWords == 2 && at < 64 / q.subs; at += 8) {
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
          const min = q.hasMins && q.span == 32 ? v128.load(panelA + p.min) : zero;
          a0 = this.add(a0, i0, x0, scale, min);
          a1 = this.add(a1, i1, x1, scale, min);
          a2 = this.add(a2, i2, x2, scale, min);
          a3 = this.add(a3, i3, x3, scale, min);
          if (ASC_FEATURE_RELAXED_SIMD) {
            a4 = this.add(a4, i4, x4, scale, min);
            a5 = this.add(a5, i5, x5, scale, min);
          }
        }
        {
          const scale = v128.load(panelB + p.scale);
          const min = q.hasMins && q.span == 32 ? v128.load(panelB + p.min) : zero;
          b0 = this.add(b0, j0, x0, scale, min);
          b1 = this.add(b1, j1, x1, scale, min);
          b2 = this.add(b2, j2, x2, scale, min);
          b3 = this.add(b3, j3, x3, scale, min);
          if (ASC_FEATURE_RELAXED_SIMD) {
            b4 = this.add(b4, j4, x4, scale, min);
            b5 = this.add(b5, j5, x5, scale, min);
          }
        }
        panelA += p.subBytes;
        panelB += p.subBytes;
        if (q.span > 32) {
          x0 += x.bytes32 / q.subs;
          x1 += x.bytes32 / q.subs;
          x2 += x.bytes32 / q.subs;
          x3 += x.bytes32 / q.subs;
          if (ASC_FEATURE_RELAXED_SIMD) {
            x4 += x.bytes32 / q.subs;
            x5 += x.bytes32 / q.subs;
          }
        }
      }
      if (q.span > 32) {
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
        for (let s: u32 = 0; q.hasMins && s < p.unitSubs; s++) {
          const back = (p.unitSubs - s) * p.subBytes - p.min;
          const l = v128.load(panelA - back);
          const m = v128.load(panelB - back);
          const at = x.sums - x.scale + 4 * s;
          const w0 = v128.load32_splat(x0 + at);
          i0 = i32x4.add(i0, i32x4.mul(l, w0));
          j0 = i32x4.add(j0, i32x4.mul(m, w0));
          const w1 = v128.load32_splat(x1 + at);
          i1 = i32x4.add(i1, i32x4.mul(l, w1));
          j1 = i32x4.add(j1, i32x4.mul(m, w1));
          const w2 = v128.load32_splat(x2 + at);
          i2 = i32x4.add(i2, i32x4.mul(l, w2));
          j2 = i32x4.add(j2, i32x4.mul(m, w2));
          const w3 = v128.load32_splat(x3 + at);
          i3 = i32x4.add(i3, i32x4.mul(l, w3));
          j3 = i32x4.add(j3, i32x4.mul(m, w3));
          if (ASC_FEATURE_RELAXED_SIMD) {
            const w4 = v128.load32_splat(x4 + at);
            i4 = i32x4.add(i4, i32x4.mul(l, w4));
            j4 = i32x4.add(j4, i32x4.mul(m, w4));
            const w5 = v128.load32_splat(x5 + at);
            i5 = i32x4.add(i5, i32x4.mul(l, w5));
            j5 = i32x4.add(j5, i32x4.mul(m, w5));
          }
        }
        this.addSuper(totals + 0, a0, i0, panelA, x0);
        this.addSuper(totals + 16, b0, j0, panelB, x0);
        a0 = zero;
        b0 = zero;
        this.addSuper(totals + 32, a1, i1, panelA, x1);
        this.addSuper(totals + 48, b1, j1, panelB, x1);
        a1 = zero;
        b1 = zero;
        this.addSuper(totals + 64, a2, i2, panelA, x2);
        this.addSuper(totals + 80, b2, j2, panelB, x2);
        a2 = zero;
        b2 = zero;
        this.addSuper(totals + 96, a3, i3, panelA, x3);
        this.addSuper(totals + 112, b3, j3, panelB, x3);
        a3 = zero;
        b3 = zero;
        if (ASC_FEATURE_RELAXED_SIMD) {
          this.addSuper(totals + 128, a4, i4, panelA, x4);
          this.addSuper(totals + 144, b4, j4, panelB, x4);
          a4 = zero;
          b4 = zero;
          this.addSuper(totals + 160, a5, i5, panelA, x5);
          this.addSuper(totals + 176, b5, j5, panelB, x5);
          a5 = zero;
          b5 = zero;
        }
        panelA += p.endBytes;
        panelB += p.endBytes;
      }
      x0 += q.span == 32 ? x.bytes : x.bytes - x.scale;
      x1 += q.span == 32 ? x.bytes : x.bytes - x.scale;
      x2 += q.span == 32 ? x.bytes : x.bytes - x.scale;
      x3 += q.span == 32 ? x.bytes : x.bytes - x.scale;
      if (ASC_FEATURE_RELAXED_SIMD) {
        x4 += q.span == 32 ? x.bytes : x.bytes - x.scale;
        x5 += q.span == 32 ? x.bytes : x.bytes - x.scale;
      }
    }
    if (q.span == 32) {
      v128.store(totals, a0, 0);
      v128.store(totals, b0, 16);
      v128.store(totals, a1, 32);
      v128.store(totals, b1, 48);
      v128.store(totals, a2, 64);
      v128.store(totals, b2, 80);
      v128.store(totals, a3, 96);
      v128.store(totals, b3, 112);
      if (ASC_FEATURE_RELAXED_SIMD) {
        v128.store(totals, a4, 128);
        v128.store(totals, b4, 144);
        v128.store(totals, a5, 160);
        v128.store(totals, b5, 176);
      }
    }
    Rows.store(node, row, t, min(nTokens, TILE_TOKENS), 2);
  }

  /** Sums between first and second words. They end at those of the true levels. */
  @inline
  private between(sum: v128, x: usize, s: u32): v128 {
    const q = changetype<Q>(0);
    const bias = changetype<Panel<Q>>(0).bias;
    sum = changetype<Activations<Q, A>>(0).between(sum);
    if (bias == 0) return sum;
    // x has moved on 32 bytes with every sub-block of a super-block, its sums lie 4 apart
    const at =
      x +
      changetype<Activations<Q, A>>(0).sums -
      (q.span == 32 ? 0 : (changetype<Activations<Q, A>>(0).bytes32 / q.subs - 4) * s);
    return i32x4.add(sum, i32x4.shl(v128.load32_splat(at), ctz(bias)));
  }

  /** One token's sums of four rows with a sub-block added. */
  @inline
  private add(sums: v128, dots: v128, x: usize, scale: v128, min: v128): v128 {
    const q = changetype<Q>(0);
    const a = changetype<Activations<Q, A>>(0);
    if (q.span > 32) return f32x4.add(sums, f32x4.convert_i32x4_s(i32x4.mul(dots, scale)));
    const xScale = v128.load32_splat(x + a.scale);
    sums = f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(dots), f32x4.mul(scale, xScale)));
    return q.hasMins ? f32x4.add(sums, f32x4.mul(min, v128.load32_splat(x + a.scaledSum))) : sums;
  }

  /** One token's sums of four rows over super-blocks, at `total`, with another one added; panel and x are behind its levels. */
  @inline
  private addSuper(total: usize, parts: v128, mins: v128, panel: usize, x: usize): void {
    const xScale = v128.load32_splat(x);
    let sums = f32x4.add(v128.load(total), f32x4.mul(parts, f32x4.mul(v128.load(panel), xScale)));
    if (changetype<Q>(0).hasMins) {
      sums = f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(mins), f32x4.mul(v128.load(panel, 16), xScale)));
    }
    v128.store(total, sums);
  }
}
