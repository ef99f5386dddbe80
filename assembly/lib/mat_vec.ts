import { Activations } from './activations';
import { Rows } from './rows';
import { Group } from './simd';

/**
 * How the loops here and in lib/gemm.ts are written: products are unrolled by hand, because an inlined function gives back one value;
 * and each few of them stand in an `if (n)`, which always holds. Left in one straight line, the optimiser nests all of a
 * sum's products, and moves all their loads and masks in front of the first: 16 registers do not hold them. (Relaxed, Node 24, Zen 5:
 * Q4_0 mat-vec from cache 22.8 → 40.5 GMAC/s, GEMM 52 → 74.)
 */

/**
 * 16 rows × one token: each activation, once loaded, meets four quads of rows, whose blocks lie side by side. (With a quad's columns
 * side by side instead, four streams at once, Q4_0 came from memory at 16.6 GB/s instead of 27.9; Zen 5, Node 24.)
 *
 * The order of operations is the same here and in lib/gemm.ts, in both builds, and however rows and tokens are shared out.
 * For all blocks in ascending order, and their sub-blocks:
 *
 *     sum = sum + float(Σ level * activation) * (scale * activationScale)     the integer sum is exact
 *     sum = sum + min * (activationScale * Σ activation)                      types with mins
 *
 * and the bias last. No fused multiply-add: its result would depend on the machine.
 */
@unmanaged
export class MatVec<Q> {
  /** One token's x → out[16] of which `n` exist. */
  run(out: usize, item: usize, cols: u32, x: usize, bias: usize, n: i32): void {
    const q = changetype<Q>(0);
    let f0 = f32x4.splat(0);
    let f1 = f0;
    let f2 = f0;
    let f3 = f0;
    let b0 = item;
    for (let column: u32 = 0; column < cols; column += q.span) {
      const h0 = b0;
      const h1 = h0 + q.headBytes;
      const h2 = h1 + q.headBytes;
      const h3 = h2 + q.headBytes;
      b0 = h3 + q.headBytes;
      const end = b0 + (q.span / 8) * q.blockBytes;
      do {
        const b1 = b0 + q.blockBytes;
        const b2 = b1 + q.blockBytes;
        const b3 = b2 + q.blockBytes;
        const scale = f32x4.splat(load<f32>(x, Activations.scale) * q.factor);
        let i0 = this.start(x, 0);
        let i1 = i0;
        let i2 = i0;
        let i3 = i0;
        let k0 = Group.first(x, 0);
        let k2 = Group.second(x, 0);
        let k4 = Group.first(x, 4 * Activations.level);
        let k6 = Group.second(x, 4 * Activations.level);
        if (n) {
          i0 = this.chunk(i0, b0, 0, k0, k2, k4, k6);
          i1 = this.chunk(i1, b1, 0, k0, k2, k4, k6);
          i2 = this.chunk(i2, b2, 0, k0, k2, k4, k6);
          i3 = this.chunk(i3, b3, 0, k0, k2, k4, k6);
        }
        k0 = Group.first(x, 8 * Activations.level);
        k2 = Group.second(x, 8 * Activations.level);
        k4 = Group.first(x, 12 * Activations.level);
        k6 = Group.second(x, 12 * Activations.level);
        if (n) {
          i0 = this.chunk(i0, b0, 1, k0, k2, k4, k6);
          i1 = this.chunk(i1, b1, 1, k0, k2, k4, k6);
          i2 = this.chunk(i2, b2, 1, k0, k2, k4, k6);
          i3 = this.chunk(i3, b3, 1, k0, k2, k4, k6);
        }
        if (q.subs == 2) {
          const sum = this.scaledSum(x, 0);
          f0 = this.add(f0, i0, h0, b0, 0, scale, sum);
          f1 = this.add(f1, i1, h1, b1, 0, scale, sum);
          f2 = this.add(f2, i2, h2, b2, 0, scale, sum);
          f3 = this.add(f3, i3, h3, b3, 0, scale, sum);
          i0 = this.start(x, 1);
          i1 = i0;
          i2 = i0;
          i3 = i0;
        }
        k0 = Group.first(x, 16 * Activations.level);
        k2 = Group.second(x, 16 * Activations.level);
        k4 = Group.first(x, 20 * Activations.level);
        k6 = Group.second(x, 20 * Activations.level);
        if (n) {
          i0 = this.chunk(i0, b0, 2, k0, k2, k4, k6);
          i1 = this.chunk(i1, b1, 2, k0, k2, k4, k6);
          i2 = this.chunk(i2, b2, 2, k0, k2, k4, k6);
          i3 = this.chunk(i3, b3, 2, k0, k2, k4, k6);
        }
        k0 = Group.first(x, 24 * Activations.level);
        k2 = Group.second(x, 24 * Activations.level);
        k4 = Group.first(x, 28 * Activations.level);
        k6 = Group.second(x, 28 * Activations.level);
        if (n) {
          i0 = this.chunk(i0, b0, 3, k0, k2, k4, k6);
          i1 = this.chunk(i1, b1, 3, k0, k2, k4, k6);
          i2 = this.chunk(i2, b2, 3, k0, k2, k4, k6);
          i3 = this.chunk(i3, b3, 3, k0, k2, k4, k6);
        }
        const sum = this.scaledSum(x, q.subs - 1);
        f0 = this.add(f0, i0, h0, b0, q.subs - 1, scale, sum);
        f1 = this.add(f1, i1, h1, b1, q.subs - 1, scale, sum);
        f2 = this.add(f2, i2, h2, b2, q.subs - 1, scale, sum);
        f3 = this.add(f3, i3, h3, b3, q.subs - 1, scale, sum);
        x += Activations.blockBytes;
        b0 += 4 * q.blockBytes;
      } while (q.span > 32 && b0 < end);
    }
    Rows.store(out, f0, bias, n);
    Rows.store(out + 16, f1, bias ? bias + 16 : 0, n - 4);
    Rows.store(out + 32, f2, bias ? bias + 32 : 0, n - 8);
    Rows.store(out + 48, f3, bias ? bias + 48 : 0, n - 12);
  }

  /** Where a sub-block's integer sum starts so that it ends at that of the true levels. */
  @inline
  private start(x: usize, sub: u32): v128 {
    const q = changetype<Q>(0);
    if (q.offset == 0) return i32x4.splat(0);
    const word = q.subs == 1 ? load<i32>(x, Activations.start) : load<i32>(x + 4 * sub, Activations.starts);
    return i32x4.splat((word >> 6) * q.offset);
  }

  /** sum + groups 2c and 2c + 1 of a block, times their activations. */
  @inline
  private chunk(sum: v128, block: usize, c: usize, k0: v128, k2: v128, k4: v128, k6: v128): v128 {
    const q = changetype<Q>(0);
    const raw = q.raw(block, c);
    if (q.splits) {
      sum = Group.dotSplit(sum, q.low(raw, block, c), k0, k2);
      return Group.dotSplit(sum, q.high(raw, block, c), k4, k6);
    }
    sum = Group.dot(sum, q.low(raw, block, c), k0, k2);
    return Group.dot(sum, q.high(raw, block, c), k4, k6);
  }

  /** Four rows' sums with one sub-block added. */
  @inline
  private add(sums: v128, dots: v128, head: usize, block: usize, sub: u32, scale: v128, scaledSum: v128): v128 {
    const q = changetype<Q>(0);
    sums = f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(dots), f32x4.mul(q.scale(head, block, sub), scale)));
    return q.hasMins ? f32x4.add(sums, f32x4.mul(q.min(head, block, sub), scaledSum)) : sums;
  }

  /** What a sub-block's mins are multiplied by. */
  @inline
  private scaledSum(x: usize, sub: u32): v128 {
    const q = changetype<Q>(0);
    if (q.subs == 1) return v128.load32_splat(x, Activations.scaledSum);
    // start is -64 times the sum; dividing by a power of two does not round
    const sum = <f32>load<i32>(x + 4 * sub, Activations.starts) * <f32>(-1.0 / 64);
    return f32x4.splat(sum * load<f32>(x, Activations.scale));
  }
}
