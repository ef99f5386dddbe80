import { Activations } from './activations';
import { Packed } from './packed';
import { Group } from './simd';

/** Tokens that share what is unpacked. */
export const FEW: u32 = 4;

/** Bytes of what is ready for a token, see `ready`. */
export const READY_BYTES: u32 = 48;

/** Bytes from the words of two groups to those of the next two, see lib/activations.ts. */
const WORDS: usize = ASC_FEATURE_RELAXED_SIMD ? 8 : 16;

/**
 * Integer sums of 16 rows × 32 columns of four tokens: each group of levels, once unpacked, meets the words of all of them. So it is for a
 * few tokens, where unpacking a panel does not pay. lib/block_dots.ts, which does one token, says what `if (n)` is for. Where it takes a
 * word for four quads, this takes four words for one quad: processors that begin six operations a cycle have room for that. (Two quads at a
 * time, which are unpacked twice, gain less.)
 */
@unmanaged
export class FewDots<Q, A, K> {
  /**
   * What of a block's activations does not depend on rows, in every lane:
   *
   *     | start of the integer sums | of the second sub-block's, or what mins are multiplied with | factor of scales f32 |
   */
  ready(to: usize, x: usize, b: u32): void {
    const q = changetype<Q>(0);
    const a = changetype<Activations<Q, A>>(0);
    const k = changetype<K>(0);
    v128.store(to, k.start(x, b, 0));
    if (q.subs == 2) v128.store(to, k.start(x, b, 1), 16);
    else if (q.hasMins) v128.store(to, v128.load32_splat(x + (q.span == 32 ? a.scaledSum : a.sums + 4 * b)), 16);
    if (q.span == 32) v128.store(to, f32x4.splat(load<f32>(x + a.scale) * q.factor), 32);
  }

  /** Those of the block at `levels` × the words of the first token at p, of the next ones xBytes on; states lie `apart`. */
  run(state: usize, apart: usize, levels: usize, p: usize, xBytes: usize, ready: usize, n: u32): void {
    this.quad(state, apart, levels, 0, p, xBytes, ready, n);
    this.quad(state, apart, levels, 1, p, xBytes, ready, n);
    this.quad(state, apart, levels, 2, p, xBytes, ready, n);
    this.quad(state, apart, levels, 3, p, xBytes, ready, n);
  }

  @inline
  private quad(
    state: usize,
    apart: usize,
    levels: usize,
    quad: u32,
    p: usize,
    xBytes: usize,
    ready: usize,
    n: u32,
  ): void {
    const q = changetype<Q>(0);
    const a = changetype<Activations<Q, A>>(0);
    const k = changetype<K>(0);
    const packed = changetype<Packed<Q>>(0);
    const tail = levels + 4 * q.levelBytes;
    const from = levels + quad * q.levelBytes;
    let p0 = p;
    let p1 = p0 + xBytes;
    let p2 = p1 + xBytes;
    let p3 = p2 + xBytes;
    let i0 = i32x4.splat(0); // sums of first words, token by token
    let i1 = i0;
    let i2 = i0;
    let i3 = i0;
    let j0 = v128.load(ready); // of second words
    let j1 = v128.load(ready, READY_BYTES);
    let j2 = v128.load(ready, 2 * READY_BYTES);
    let j3 = v128.load(ready, 3 * READY_BYTES);
    let f0 = i0; // parts of the first sub-block
    let f1 = i0;
    let f2 = i0;
    let f3 = i0;
    if (n) {
      const l = packed.first(from, 0);
      const m = packed.first(from, 1);
      i0 = this.first(i0, l, m, p0);
      i1 = this.first(i1, l, m, p1);
      i2 = this.first(i2, l, m, p2);
      i3 = this.first(i3, l, m, p3);
      const l2 = ASC_FEATURE_RELAXED_SIMD ? l : packed.second(from, 0);
      const m2 = ASC_FEATURE_RELAXED_SIMD ? m : packed.second(from, 1);
      j0 = this.second(j0, l2, m2, p0);
      j1 = this.second(j1, l2, m2, p1);
      j2 = this.second(j2, l2, m2, p2);
      j3 = this.second(j3, l2, m2, p3);
    }
    p0 += WORDS;
    p1 += WORDS;
    p2 += WORDS;
    p3 += WORDS;
    if (n) {
      const l = packed.first(from, 2);
      const m = packed.first(from, 3);
      i0 = this.first(i0, l, m, p0);
      i1 = this.first(i1, l, m, p1);
      i2 = this.first(i2, l, m, p2);
      i3 = this.first(i3, l, m, p3);
      const l2 = ASC_FEATURE_RELAXED_SIMD ? l : packed.second(from, 2);
      const m2 = ASC_FEATURE_RELAXED_SIMD ? m : packed.second(from, 3);
      j0 = this.second(j0, l2, m2, p0);
      j1 = this.second(j1, l2, m2, p1);
      j2 = this.second(j2, l2, m2, p2);
      j3 = this.second(j3, l2, m2, p3);
    }
    p0 += WORDS;
    p1 += WORDS;
    p2 += WORDS;
    p3 += WORDS;
    if (q.subs == 2) {
      const scale = this.scale(tail, quad, 0);
      f0 = this.part(i32x4.add(a.between(i0), j0), scale, ready, 0);
      f1 = this.part(i32x4.add(a.between(i1), j1), scale, ready, 1);
      f2 = this.part(i32x4.add(a.between(i2), j2), scale, ready, 2);
      f3 = this.part(i32x4.add(a.between(i3), j3), scale, ready, 3);
      i0 = i32x4.splat(0);
      i1 = i0;
      i2 = i0;
      i3 = i0;
      j0 = v128.load(ready, 16);
      j1 = v128.load(ready, READY_BYTES + 16);
      j2 = v128.load(ready, 2 * READY_BYTES + 16);
      j3 = v128.load(ready, 3 * READY_BYTES + 16);
    }
    if (n) {
      const l = packed.first(from, 4);
      const m = packed.first(from, 5);
      i0 = this.first(i0, l, m, p0);
      i1 = this.first(i1, l, m, p1);
      i2 = this.first(i2, l, m, p2);
      i3 = this.first(i3, l, m, p3);
      const l2 = ASC_FEATURE_RELAXED_SIMD ? l : packed.second(from, 4);
      const m2 = ASC_FEATURE_RELAXED_SIMD ? m : packed.second(from, 5);
      j0 = this.second(j0, l2, m2, p0);
      j1 = this.second(j1, l2, m2, p1);
      j2 = this.second(j2, l2, m2, p2);
      j3 = this.second(j3, l2, m2, p3);
    }
    p0 += WORDS;
    p1 += WORDS;
    p2 += WORDS;
    p3 += WORDS;
    if (n) {
      const l = packed.first(from, 6);
      const m = packed.first(from, 7);
      i0 = this.first(i0, l, m, p0);
      i1 = this.first(i1, l, m, p1);
      i2 = this.first(i2, l, m, p2);
      i3 = this.first(i3, l, m, p3);
      const l2 = ASC_FEATURE_RELAXED_SIMD ? l : packed.second(from, 6);
      const m2 = ASC_FEATURE_RELAXED_SIMD ? m : packed.second(from, 7);
      j0 = this.second(j0, l2, m2, p0);
      j1 = this.second(j1, l2, m2, p1);
      j2 = this.second(j2, l2, m2, p2);
      j3 = this.second(j3, l2, m2, p3);
    }
    const scale = this.scale(tail, quad, q.subs - 1);
    const min = q.min(tail, quad, 0);
    const to = state + 16 * quad;
    k.add(to, f0, this.part(i32x4.add(a.between(i0), j0), scale, ready, 0), this.min(min, ready, 0));
    k.add(to + apart, f1, this.part(i32x4.add(a.between(i1), j1), scale, ready, 1), this.min(min, ready, 1));
    k.add(to + 2 * apart, f2, this.part(i32x4.add(a.between(i2), j2), scale, ready, 2), this.min(min, ready, 2));
    k.add(to + 3 * apart, f3, this.part(i32x4.add(a.between(i3), j3), scale, ready, 3), this.min(min, ready, 3));
  }

  /** sum + the operands of two groups that meet first words, times those. */
  @inline
  private first(sum: v128, l: v128, m: v128, p: usize): v128 {
    sum = Group.dot<Q>(sum, l, v128.load32_splat(p));
    return Group.dot<Q>(sum, m, ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(p, 4) : v128.load32_splat(p, 8));
  }

  /** The same for second words. */
  @inline
  private second(sum: v128, l: v128, m: v128, p: usize): v128 {
    sum = Group.dot<Q>(sum, l, ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(p, 32) : v128.load32_splat(p, 4));
    return Group.dot<Q>(sum, m, ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(p, 36) : v128.load32_splat(p, 12));
  }

  /** A quad's scales, as floats. */
  @inline
  private scale(tail: usize, quad: u32, sub: u32): v128 {
    const scale = changetype<Q>(0).scale(tail, quad, sub);
    return changetype<Q>(0).span == 32 ? scale : f32x4.convert_i32x4_s(scale);
  }

  /** Integer sums of the t-th token, which have at most 24 bits, times scales: the same numbers as lib/blocks.ts and lib/super_blocks.ts make. */
  @inline
  private part(dots: v128, scale: v128, ready: usize, t: u32): v128 {
    if (changetype<Q>(0).span == 32) scale = f32x4.mul(scale, v128.load(ready + t * READY_BYTES, 32));
    return f32x4.mul(f32x4.convert_i32x4_s(dots), scale);
  }

  @inline
  private min(min: v128, ready: usize, t: u32): v128 {
    if (!changetype<Q>(0).hasMins) return min;
    const by = v128.load(ready + t * READY_BYTES, 16);
    return changetype<Q>(0).span == 32 ? f32x4.mul(min, by) : i32x4.mul(min, by);
  }
}
