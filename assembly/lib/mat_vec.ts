import { Activations } from './activations';
import { Half } from './half';
import { MatmulNode } from './matmul_node';
import { Rows } from './rows';
import { scratch } from './scratch';
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
 * Integer sums are exact. Types with blocks of 32, for all of them in ascending order:
 *
 *     sum = sum + float(Σ level * activation) * (scale * activationScale)
 *     sum = sum + min * (activationScale * Σ activation)                              types with mins
 *
 * With super-blocks of 256, for all of them, and their sub-blocks:
 *
 *     part = 0, then for every sub-block    part = part + float(scale * Σ level * activation)
 *     sum = sum + part * (d * activationScale)
 *     sum = sum + float(Σ min * -Σ activation) * (dmin * activationScale)             types with mins
 *
 * and the bias last. No fused multiply-add: its result would depend on the machine.
 */
@unmanaged
export class MatVec<Q, A> {
  /** 16 rows from `row` on, packed at `item`, × token t. */
  run(node: MatmulNode, row: u32, t: u32, item: usize): void {
    const q = changetype<Q>(0);
    const a = changetype<Activations<Q, A>>(0);
    const cols = node.cols;
    const n = node.rows;
    let x = node.x + t * (cols / q.span) * a.bytes;
    const zero = i32x4.splat(0);
    let t0 = zero; // sums over super-blocks
    let t1 = zero;
    let t2 = zero;
    let t3 = zero;
    let f0 = zero; // sums over blocks: of the super-block, or of all
    let f1 = zero;
    let f2 = zero;
    let f3 = zero;
    let l0 = item;
    for (let column: u32 = 0; column < cols; column += q.span) {
      const head = l0;
      l0 += q.headBytes;
      const scale = f32x4.splat(load<f32>(x + a.scale) * (q.span == 32 ? Half.factor : 1));
      let sums = x + a.sums;
      const end = x + a.scale;
      let m0 = zero; // integer sums of mins
      let m1 = zero;
      let m2 = zero;
      let m3 = zero;
      do {
        const l1 = l0 + q.levelBytes;
        const l2 = l1 + q.levelBytes;
        const l3 = l2 + q.levelBytes;
        const tail = l3 + q.levelBytes;
        let i0 = zero;
        let i1 = zero;
        let i2 = zero;
        let i3 = zero;
        let j0 = this.start(sums, 0);
        let j1 = j0;
        let j2 = j0;
        let j3 = j0;
        let w0 = this.word(x, 0);
        let w1 = this.word2(x, 0);
        let w2 = this.word(x, 1);
        let w3 = this.word2(x, 1);
        if (n) {
          i0 = this.first(i0, l0, 0, w0, w1, w2, w3);
          j0 = this.second(j0, l0, 0, w1, w3);
          i1 = this.first(i1, l1, 0, w0, w1, w2, w3);
          j1 = this.second(j1, l1, 0, w1, w3);
          i2 = this.first(i2, l2, 0, w0, w1, w2, w3);
          j2 = this.second(j2, l2, 0, w1, w3);
          i3 = this.first(i3, l3, 0, w0, w1, w2, w3);
          j3 = this.second(j3, l3, 0, w1, w3);
        }
        w0 = this.word(x, 2);
        w1 = this.word2(x, 2);
        w2 = this.word(x, 3);
        w3 = this.word2(x, 3);
        if (n) {
          i0 = this.first(i0, l0, 1, w0, w1, w2, w3);
          j0 = this.second(j0, l0, 1, w1, w3);
          i1 = this.first(i1, l1, 1, w0, w1, w2, w3);
          j1 = this.second(j1, l1, 1, w1, w3);
          i2 = this.first(i2, l2, 1, w0, w1, w2, w3);
          j2 = this.second(j2, l2, 1, w1, w3);
          i3 = this.first(i3, l3, 1, w0, w1, w2, w3);
          j3 = this.second(j3, l3, 1, w1, w3);
        }
        if (q.subs == 2) {
          f0 = this.addSub(f0, i0, j0, tail, 0, 0);
          f1 = this.addSub(f1, i1, j1, tail, 1, 0);
          f2 = this.addSub(f2, i2, j2, tail, 2, 0);
          f3 = this.addSub(f3, i3, j3, tail, 3, 0);
          if (q.hasMins) {
            const sum = v128.load32_splat(sums);
            m0 = this.addMin(m0, tail, 0, 0, sum);
            m1 = this.addMin(m1, tail, 1, 0, sum);
            m2 = this.addMin(m2, tail, 2, 0, sum);
            m3 = this.addMin(m3, tail, 3, 0, sum);
          }
          i0 = zero;
          i1 = zero;
          i2 = zero;
          i3 = zero;
          j0 = this.start(sums, 1);
          j1 = j0;
          j2 = j0;
          j3 = j0;
        }
        w0 = this.word(x, 4);
        w1 = this.word2(x, 4);
        w2 = this.word(x, 5);
        w3 = this.word2(x, 5);
        if (n) {
          i0 = this.first(i0, l0, 2, w0, w1, w2, w3);
          j0 = this.second(j0, l0, 2, w1, w3);
          i1 = this.first(i1, l1, 2, w0, w1, w2, w3);
          j1 = this.second(j1, l1, 2, w1, w3);
          i2 = this.first(i2, l2, 2, w0, w1, w2, w3);
          j2 = this.second(j2, l2, 2, w1, w3);
          i3 = this.first(i3, l3, 2, w0, w1, w2, w3);
          j3 = this.second(j3, l3, 2, w1, w3);
        }
        w0 = this.word(x, 6);
        w1 = this.word2(x, 6);
        w2 = this.word(x, 7);
        w3 = this.word2(x, 7);
        if (n) {
          i0 = this.first(i0, l0, 3, w0, w1, w2, w3);
          j0 = this.second(j0, l0, 3, w1, w3);
          i1 = this.first(i1, l1, 3, w0, w1, w2, w3);
          j1 = this.second(j1, l1, 3, w1, w3);
          i2 = this.first(i2, l2, 3, w0, w1, w2, w3);
          j2 = this.second(j2, l2, 3, w1, w3);
          i3 = this.first(i3, l3, 3, w0, w1, w2, w3);
          j3 = this.second(j3, l3, 3, w1, w3);
        }
        if (q.span == 32) {
          const sum = q.hasMins ? v128.load32_splat(x + a.scaledSum) : zero;
          f0 = this.addBlock(f0, i0, j0, tail, 0, scale, sum);
          f1 = this.addBlock(f1, i1, j1, tail, 1, scale, sum);
          f2 = this.addBlock(f2, i2, j2, tail, 2, scale, sum);
          f3 = this.addBlock(f3, i3, j3, tail, 3, scale, sum);
        } else {
          f0 = this.addSub(f0, i0, j0, tail, 0, q.subs - 1);
          f1 = this.addSub(f1, i1, j1, tail, 1, q.subs - 1);
          f2 = this.addSub(f2, i2, j2, tail, 2, q.subs - 1);
          f3 = this.addSub(f3, i3, j3, tail, 3, q.subs - 1);
          if (q.hasMins) {
            const sum = v128.load32_splat(sums + 4 * (q.subs - 1));
            m0 = this.addMin(m0, tail, 0, q.subs - 1, sum);
            m1 = this.addMin(m1, tail, 1, q.subs - 1, sum);
            m2 = this.addMin(m2, tail, 2, q.subs - 1, sum);
            m3 = this.addMin(m3, tail, 3, q.subs - 1, sum);
          }
        }
        x += a.bytes32;
        sums += 4 * q.subs;
        l0 = tail + q.tailBytes;
      } while (q.span > 32 && x < end);
      if (q.span > 32) {
        const s = v128.load32_splat(x);
        t0 = this.addSuper(t0, f0, m0, head, s);
        t1 = this.addSuper(t1, f1, m1, head + 16, s);
        t2 = this.addSuper(t2, f2, m2, head + 32, s);
        t3 = this.addSuper(t3, f3, m3, head + 48, s);
        f0 = zero;
        f1 = zero;
        f2 = zero;
        f3 = zero;
      }
      x += a.bytes - a.scale;
    }
    const to = scratch();
    v128.store(to, q.span == 32 ? f0 : t0);
    v128.store(to, q.span == 32 ? f1 : t1, 16);
    v128.store(to, q.span == 32 ? f2 : t2, 32);
    v128.store(to, q.span == 32 ? f3 : t3, 48);
    Rows.store(node, row, t, 1, 4);
  }

  /** The first words of group g of 32 columns. */
  @inline
  private word(x: usize, g: u32): v128 {
    return v128.load32_splat(x + (ASC_FEATURE_RELAXED_SIMD ? 4 : 8) * g);
  }

  /** Its second words, if it has any. */
  @inline
  private word2(x: usize, g: u32): v128 {
    if (changetype<A>(0).digits == 1) return i32x4.splat(0);
    return ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(x + 4 * g, 32) : v128.load32_splat(x + 8 * g, 4);
  }

  /** Where a sub-block's integer sum starts so that it ends at that of the true levels. */
  @inline
  private start(sums: usize, sub: u32): v128 {
    const q = changetype<Q>(0);
    return q.offset == 0 ? i32x4.splat(0) : i32x4.shl(v128.load32_splat(sums + 4 * sub), ctz(q.offset));
  }

  /** sum + groups 2c and 2c + 1 of a quad, times their first words; the plain build, which needs one sum only, takes all words. */
  @inline
  private first(sum: v128, from: usize, c: u32, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
    const q = changetype<Q>(0);
    const low = q.levels(from, 2 * c);
    const high = q.levels(from, 2 * c + 1);
    sum = Group.first<Q>(sum, low, w0);
    if (!ASC_FEATURE_RELAXED_SIMD) sum = Group.second<Q>(sum, low, w1);
    sum = Group.first<Q>(sum, high, w2);
    return ASC_FEATURE_RELAXED_SIMD ? sum : Group.second<Q>(sum, high, w3);
  }

  /** The same for their second words, in the relaxed build. */
  @inline
  private second(sum: v128, from: usize, c: u32, w1: v128, w3: v128): v128 {
    if (changetype<A>(0).digits != 2) return sum;
    const q = changetype<Q>(0);
    return Group.second<Q>(Group.second<Q>(sum, q.levels(from, 2 * c), w1), q.levels(from, 2 * c + 1), w3);
  }

  /** Four rows' sums with a block of 32 columns added. */
  @inline
  private addBlock(sums: v128, i: v128, j: v128, tail: usize, quad: u32, scale: v128, scaledSum: v128): v128 {
    const q = changetype<Q>(0);
    const dots = f32x4.convert_i32x4_s(i32x4.add(changetype<Activations<Q, A>>(0).between(i), j));
    sums = f32x4.add(sums, f32x4.mul(dots, f32x4.mul(q.scale(tail, quad, 0), scale)));
    return q.hasMins ? f32x4.add(sums, f32x4.mul(q.min(tail, quad, 0), scaledSum)) : sums;
  }

  /** Four rows' parts with a sub-block of a super-block added. */
  @inline
  private addSub(parts: v128, i: v128, j: v128, tail: usize, quad: u32, sub: u32): v128 {
    const dots = i32x4.add(changetype<Activations<Q, A>>(0).between(i), j);
    return f32x4.add(parts, f32x4.convert_i32x4_s(i32x4.mul(dots, changetype<Q>(0).scale(tail, quad, sub))));
  }

  @inline
  private addMin(mins: v128, tail: usize, quad: u32, sub: u32, sum: v128): v128 {
    return i32x4.add(mins, i32x4.mul(changetype<Q>(0).min(tail, quad, sub), sum));
  }

  /** Four rows' sums with a super-block added. */
  @inline
  private addSuper(sums: v128, parts: v128, mins: v128, head: usize, scale: v128): v128 {
    sums = f32x4.add(sums, f32x4.mul(parts, f32x4.mul(v128.load(head), scale)));
    if (!changetype<Q>(0).hasMins) return sums;
    return f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(mins), f32x4.mul(v128.load(head, 64), scale)));
  }
}
