import { Activations } from './activations';
import { MatmulNode } from './matmul_node';
import { Panel } from './panel';
import { Rows } from './rows';
import { Group } from './simd';

/** Tokens in a tile: 6 sums of products, 6 of floats, 2 levels and a splat fit in 16 registers; the plain build needs 4 for levels. */
const TILE_TOKENS: u32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Four rows × a few tokens: the same operations in the same order as in lib/mat_vec.ts, which spells them out. */
@unmanaged
export class Gemm<Q> {
  /** Four rows × all tokens. */
  run(node: MatmulNode, row: u32, panel: usize): void {
    for (let t: u32 = 0; t < node.nRows; t += TILE_TOKENS) this.tile(node, row, t, panel);
  }

  /** One tile; of missing tokens the last one takes the place, and nothing is stored. */
  private tile(node: MatmulNode, row: u32, t: u32, panel: usize): void {
    const q = changetype<Q>(0);
    const p = changetype<Panel<Q>>(0);
    const n = <i32>(node.rows - row);
    const xBytes = (node.cols >> 5) * Activations.blockBytes;
    const last = node.x + (node.nRows - 1) * xBytes;
    let x0 = node.x + t * xBytes;
    let x1 = min(x0 + xBytes, last);
    let x2 = min(x1 + xBytes, last);
    let x3 = min(x2 + xBytes, last);
    let x4 = min(x3 + xBytes, last);
    let x5 = min(x4 + xBytes, last);
    let f0 = f32x4.splat(0);
    let f1 = f0;
    let f2 = f0;
    let f3 = f0;
    let f4 = f0;
    let f5 = f0;
    for (let column: u32 = 0; column < node.cols; column += 32) {
      let i0 = this.start(x0, 0);
      let i1 = this.start(x1, 0);
      let i2 = this.start(x2, 0);
      let i3 = this.start(x3, 0);
      let i4 = this.start(x4, 0);
      let i5 = this.start(x5, 0);
      let a = v128.load(panel);
      let b = v128.load(panel, 16);
      if (n) {
        i0 = this.dots(i0, a, b, x0, 0);
        i1 = this.dots(i1, a, b, x1, 0);
        i2 = this.dots(i2, a, b, x2, 0);
        i3 = this.dots(i3, a, b, x3, 0);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = this.dots(i4, a, b, x4, 0);
          i5 = this.dots(i5, a, b, x5, 0);
        }
      }
      a = v128.load(panel, 32);
      b = v128.load(panel, 48);
      if (n) {
        i0 = this.dots(i0, a, b, x0, 8);
        i1 = this.dots(i1, a, b, x1, 8);
        i2 = this.dots(i2, a, b, x2, 8);
        i3 = this.dots(i3, a, b, x3, 8);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = this.dots(i4, a, b, x4, 8);
          i5 = this.dots(i5, a, b, x5, 8);
        }
      }
      if (q.subs == 2) {
        const scale = v128.load(panel + p.scale(0));
        const min = q.hasMins ? v128.load(panel + p.min(0)) : scale;
        f0 = this.add(f0, i0, x0, scale, min, 0);
        f1 = this.add(f1, i1, x1, scale, min, 0);
        f2 = this.add(f2, i2, x2, scale, min, 0);
        f3 = this.add(f3, i3, x3, scale, min, 0);
        if (ASC_FEATURE_RELAXED_SIMD) {
          f4 = this.add(f4, i4, x4, scale, min, 0);
          f5 = this.add(f5, i5, x5, scale, min, 0);
        }
        i0 = this.start(x0, 1);
        i1 = this.start(x1, 1);
        i2 = this.start(x2, 1);
        i3 = this.start(x3, 1);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = this.start(x4, 1);
          i5 = this.start(x5, 1);
        }
      }
      a = v128.load(panel, 64);
      b = v128.load(panel, 80);
      if (n) {
        i0 = this.dots(i0, a, b, x0, 16);
        i1 = this.dots(i1, a, b, x1, 16);
        i2 = this.dots(i2, a, b, x2, 16);
        i3 = this.dots(i3, a, b, x3, 16);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = this.dots(i4, a, b, x4, 16);
          i5 = this.dots(i5, a, b, x5, 16);
        }
      }
      a = v128.load(panel, 96);
      b = v128.load(panel, 112);
      if (n) {
        i0 = this.dots(i0, a, b, x0, 24);
        i1 = this.dots(i1, a, b, x1, 24);
        i2 = this.dots(i2, a, b, x2, 24);
        i3 = this.dots(i3, a, b, x3, 24);
        if (ASC_FEATURE_RELAXED_SIMD) {
          i4 = this.dots(i4, a, b, x4, 24);
          i5 = this.dots(i5, a, b, x5, 24);
        }
      }
      const scale = v128.load(panel + p.scale(q.subs - 1));
      const min = q.hasMins ? v128.load(panel + p.min(q.subs - 1)) : scale;
      f0 = this.add(f0, i0, x0, scale, min, q.subs - 1);
      f1 = this.add(f1, i1, x1, scale, min, q.subs - 1);
      f2 = this.add(f2, i2, x2, scale, min, q.subs - 1);
      f3 = this.add(f3, i3, x3, scale, min, q.subs - 1);
      if (ASC_FEATURE_RELAXED_SIMD) {
        f4 = this.add(f4, i4, x4, scale, min, q.subs - 1);
        f5 = this.add(f5, i5, x5, scale, min, q.subs - 1);
      }
      panel += p.blockBytes;
      x0 += Activations.blockBytes;
      x1 += Activations.blockBytes;
      x2 += Activations.blockBytes;
      x3 += Activations.blockBytes;
      if (ASC_FEATURE_RELAXED_SIMD) {
        x4 += Activations.blockBytes;
        x5 += Activations.blockBytes;
      }
    }
    const out = node.out + 4 * (t * node.rows + row);
    const outBytes = 4 * node.rows;
    const bias = node.bias ? node.bias + 4 * row : 0;
    const nTokens = node.nRows - t;
    Rows.store(out, f0, bias, n);
    if (nTokens > 1) Rows.store(out + 1 * outBytes, f1, bias, n);
    if (nTokens > 2) Rows.store(out + 2 * outBytes, f2, bias, n);
    if (nTokens > 3) Rows.store(out + 3 * outBytes, f3, bias, n);
    if (ASC_FEATURE_RELAXED_SIMD) {
      if (nTokens > 4) Rows.store(out + 4 * outBytes, f4, bias, n);
      if (nTokens > 5) Rows.store(out + 5 * outBytes, f5, bias, n);
    }
  }

  /** Where a token's integer sums of a sub-block start so that they end at those of the true levels. */
  @inline
  private start(x: usize, sub: u32): v128 {
    const bias = changetype<Panel<Q>>(0).bias;
    if (bias == 0) return i32x4.splat(0);
    const from = changetype<Q>(0).subs == 1 ? Activations.start : Activations.starts + 4 * sub;
    const start = v128.load32_splat(x + from);
    return bias == 128 ? i32x4.shl(start, 1) : start;
  }

  /** sum + two groups times activations k … k + 7. */
  @inline
  private dots(sum: v128, a: v128, b: v128, x: usize, k: usize): v128 {
    const first = k * Activations.level;
    const second = (k + 4) * Activations.level;
    if (changetype<Q>(0).splits) {
      sum = Group.dotSplit(sum, a, Group.first(x, first), Group.second(x, first));
      return Group.dotSplit(sum, b, Group.first(x, second), Group.second(x, second));
    }
    sum = Group.dot(sum, a, Group.first(x, first), Group.second(x, first));
    return Group.dot(sum, b, Group.first(x, second), Group.second(x, second));
  }

  /** One token's sums of four rows with a sub-block added. */
  @inline
  private add(sums: v128, dots: v128, x: usize, scale: v128, min: v128, sub: u32): v128 {
    const q = changetype<Q>(0);
    const xScale = v128.load32_splat(x, Activations.scale);
    sums = f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(dots), f32x4.mul(scale, xScale)));
    if (!q.hasMins) return sums;
    if (q.subs == 1) return f32x4.add(sums, f32x4.mul(min, v128.load32_splat(x, Activations.scaledSum)));
    // start is -64 times the sum of the activations; a power of two does not round
    const start = f32x4.convert_i32x4_s(v128.load32_splat(x + Activations.starts + 4 * sub));
    const scaledSum = f32x4.mul(start, f32x4.mul(xScale, f32x4.splat(-1.0 / 64)));
    return f32x4.add(sums, f32x4.mul(min, scaledSum));
  }
}
