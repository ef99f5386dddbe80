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
        let i0 = i32x4.splat(0);
        let i1 = i0;
        let i2 = i0;
        let i3 = i0;
        let j0 = this.start(x, 0);
        let j1 = j0;
        let j2 = j0;
        let j3 = j0;
        let w0 = v128.load32_splat(x, 0);
        let w1 = v128.load32_splat(x, 4);
        let w2 = v128.load32_splat(x, 8);
        let w3 = v128.load32_splat(x, 12);
        if (n) {
          i0 = this.first(i0, b0, 0, w0, w1, w2, w3);
          j0 = this.second(j0, b0, 0, w1, w3);
          i1 = this.first(i1, b1, 0, w0, w1, w2, w3);
          j1 = this.second(j1, b1, 0, w1, w3);
          i2 = this.first(i2, b2, 0, w0, w1, w2, w3);
          j2 = this.second(j2, b2, 0, w1, w3);
          i3 = this.first(i3, b3, 0, w0, w1, w2, w3);
          j3 = this.second(j3, b3, 0, w1, w3);
        }
        w0 = v128.load32_splat(x, 16);
        w1 = v128.load32_splat(x, 20);
        w2 = v128.load32_splat(x, 24);
        w3 = v128.load32_splat(x, 28);
        if (n) {
          i0 = this.first(i0, b0, 1, w0, w1, w2, w3);
          j0 = this.second(j0, b0, 1, w1, w3);
          i1 = this.first(i1, b1, 1, w0, w1, w2, w3);
          j1 = this.second(j1, b1, 1, w1, w3);
          i2 = this.first(i2, b2, 1, w0, w1, w2, w3);
          j2 = this.second(j2, b2, 1, w1, w3);
          i3 = this.first(i3, b3, 1, w0, w1, w2, w3);
          j3 = this.second(j3, b3, 1, w1, w3);
        }
        if (q.subs == 2) {
          const sum = this.scaledSum(x, 0);
          f0 = this.add(f0, i0, j0, h0, b0, 0, scale, sum);
          f1 = this.add(f1, i1, j1, h1, b1, 0, scale, sum);
          f2 = this.add(f2, i2, j2, h2, b2, 0, scale, sum);
          f3 = this.add(f3, i3, j3, h3, b3, 0, scale, sum);
          i0 = i32x4.splat(0);
          i1 = i0;
          i2 = i0;
          i3 = i0;
          j0 = this.start(x, 1);
          j1 = j0;
          j2 = j0;
          j3 = j0;
        }
        w0 = v128.load32_splat(x, 32);
        w1 = v128.load32_splat(x, 36);
        w2 = v128.load32_splat(x, 40);
        w3 = v128.load32_splat(x, 44);
        if (n) {
          i0 = this.first(i0, b0, 2, w0, w1, w2, w3);
          j0 = this.second(j0, b0, 2, w1, w3);
          i1 = this.first(i1, b1, 2, w0, w1, w2, w3);
          j1 = this.second(j1, b1, 2, w1, w3);
          i2 = this.first(i2, b2, 2, w0, w1, w2, w3);
          j2 = this.second(j2, b2, 2, w1, w3);
          i3 = this.first(i3, b3, 2, w0, w1, w2, w3);
          j3 = this.second(j3, b3, 2, w1, w3);
        }
        w0 = v128.load32_splat(x, 48);
        w1 = v128.load32_splat(x, 52);
        w2 = v128.load32_splat(x, 56);
        w3 = v128.load32_splat(x, 60);
        if (n) {
          i0 = this.first(i0, b0, 3, w0, w1, w2, w3);
          j0 = this.second(j0, b0, 3, w1, w3);
          i1 = this.first(i1, b1, 3, w0, w1, w2, w3);
          j1 = this.second(j1, b1, 3, w1, w3);
          i2 = this.first(i2, b2, 3, w0, w1, w2, w3);
          j2 = this.second(j2, b2, 3, w1, w3);
          i3 = this.first(i3, b3, 3, w0, w1, w2, w3);
          j3 = this.second(j3, b3, 3, w1, w3);
        }
        const sum = this.scaledSum(x, q.subs - 1);
        f0 = this.add(f0, i0, j0, h0, b0, q.subs - 1, scale, sum);
        f1 = this.add(f1, i1, j1, h1, b1, q.subs - 1, scale, sum);
        f2 = this.add(f2, i2, j2, h2, b2, q.subs - 1, scale, sum);
        f3 = this.add(f3, i3, j3, h3, b3, q.subs - 1, scale, sum);
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

  /** sum + groups 2c and 2c + 1 of a block, times their first words; the plain build, which needs one sum only, takes all words. */
  @inline
  private first(sum: v128, block: usize, c: usize, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
    const q = changetype<Q>(0);
    const low = q.levels(block, 2 * c);
    const high = q.levels(block, 2 * c + 1);
    sum = Group.first<Q>(sum, low, w0);
    if (!ASC_FEATURE_RELAXED_SIMD) sum = Group.second<Q>(sum, low, w1);
    sum = Group.first<Q>(sum, high, w2);
    return ASC_FEATURE_RELAXED_SIMD ? sum : Group.second<Q>(sum, high, w3);
  }

  /** The same for their second words, in the relaxed build. */
  @inline
  private second(sum: v128, block: usize, c: usize, w1: v128, w3: v128): v128 {
    if (!ASC_FEATURE_RELAXED_SIMD) return sum;
    const q = changetype<Q>(0);
    return Group.second<Q>(Group.second<Q>(sum, q.levels(block, 2 * c), w1), q.levels(block, 2 * c + 1), w3);
  }

  /** Four rows' sums with one sub-block added. */
  @inline
  private add(sums: v128, i: v128, j: v128, head: usize, block: usize, sub: u32, scale: v128, scaledSum: v128): v128 {
    const q = changetype<Q>(0);
    const dots = f32x4.convert_i32x4_s(i32x4.add(Group.between(i), j));
    sums = f32x4.add(sums, f32x4.mul(dots, f32x4.mul(q.scale(head, block, sub), scale)));
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
