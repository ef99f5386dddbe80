import { Activations } from './activations';
import { Packed } from './packed';
import { Group } from './simd';

/** Bytes from the words of two groups to those of the next two, see lib/activations.ts. */
const WORDS: usize = ASC_FEATURE_RELAXED_SIMD ? 8 : 16;

/**
 * Integer sums of 16 rows × 32 columns of one token: each word of the activations, once loaded, meets four quads of rows. K, which is
 * `Blocks` or `SuperBlocks`, takes the sums.
 *
 * Products are unrolled by hand, because an inlined function gives back one value. Each 16 of them sit in an `if (n)`, which is always
 * true; it stops the optimiser from nesting all of a sum's products and moving their loads and masks in front of the first: 16 registers
 * do not hold them. (Relaxed, Node 24, Zen 5: Q4_0 from cache 22.8 → 40.5 GMAC/s.)
 */
@unmanaged
export class BlockDots<Q, A, K> {
  /** Block b of the activations at x × that of the weights at l0. */
  @inline
  run(state: usize, l0: usize, x: usize, b: u32, n: u32): void {
    const q = changetype<Q>(0);
    const a = changetype<Activations<Q, A>>(0);
    const k = changetype<K>(0);
    const l1 = l0 + q.levelBytes;
    const l2 = l1 + q.levelBytes;
    const l3 = l2 + q.levelBytes;
    const tail = l3 + q.levelBytes;
    let p = x + a.bytes32 * b;
    let i0 = i32x4.splat(0); // sums of first words
    let i1 = i0;
    let i2 = i0;
    let i3 = i0;
    let j0 = k.start(x, b, 0); // of second words
    let j1 = j0;
    let j2 = j0;
    let j3 = j0;
    let f0 = i0; // parts of the first sub-block
    let f1 = i0;
    let f2 = i0;
    let f3 = i0;
    let w0: v128, w1: v128, w2: v128, w3: v128;
    w0 = this.word0(p);
    w1 = this.word1(p);
    w2 = this.word2(p);
    w3 = this.word3(p);
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
    p += WORDS;
    w0 = this.word0(p);
    w1 = this.word1(p);
    w2 = this.word2(p);
    w3 = this.word3(p);
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
    p += WORDS;
    if (q.subs == 2) {
      f0 = k.part(x, i32x4.add(a.between(i0), j0), q.scale(tail, 0, 0));
      f1 = k.part(x, i32x4.add(a.between(i1), j1), q.scale(tail, 1, 0));
      f2 = k.part(x, i32x4.add(a.between(i2), j2), q.scale(tail, 2, 0));
      f3 = k.part(x, i32x4.add(a.between(i3), j3), q.scale(tail, 3, 0));
      i0 = i32x4.splat(0);
      i1 = i0;
      i2 = i0;
      i3 = i0;
      j0 = k.start(x, b, 1);
      j1 = j0;
      j2 = j0;
      j3 = j0;
    }
    w0 = this.word0(p);
    w1 = this.word1(p);
    w2 = this.word2(p);
    w3 = this.word3(p);
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
    p += WORDS;
    w0 = this.word0(p);
    w1 = this.word1(p);
    w2 = this.word2(p);
    w3 = this.word3(p);
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
    // Scales are loaded before sums are stored: for all that compilers know both might lie in the same place.
    const p0 = k.part(x, i32x4.add(a.between(i0), j0), q.scale(tail, 0, q.subs - 1));
    const p1 = k.part(x, i32x4.add(a.between(i1), j1), q.scale(tail, 1, q.subs - 1));
    const p2 = k.part(x, i32x4.add(a.between(i2), j2), q.scale(tail, 2, q.subs - 1));
    const p3 = k.part(x, i32x4.add(a.between(i3), j3), q.scale(tail, 3, q.subs - 1));
    const m0 = k.min(x, b, tail, 0);
    const m1 = k.min(x, b, tail, 1);
    const m2 = k.min(x, b, tail, 2);
    const m3 = k.min(x, b, tail, 3);
    k.add(state, f0, p0, m0);
    k.add(state + 16, f1, p1, m1);
    k.add(state + 32, f2, p2, m2);
    k.add(state + 48, f3, p3, m3);
  }

  // The words of two groups: the first group's first and second ones, then the second group's. Fast activations have no second ones.

  @inline
  private word0(p: usize): v128 {
    return v128.load32_splat(p);
  }

  @inline
  private word1(p: usize): v128 {
    if (changetype<A>(0).digits == 1) return i32x4.splat(0);
    return ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(p, 32) : v128.load32_splat(p, 4);
  }

  @inline
  private word2(p: usize): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(p, 4) : v128.load32_splat(p, 8);
  }

  @inline
  private word3(p: usize): v128 {
    if (changetype<A>(0).digits == 1) return i32x4.splat(0);
    return ASC_FEATURE_RELAXED_SIMD ? v128.load32_splat(p, 36) : v128.load32_splat(p, 12);
  }

  /** sum + groups 2c and 2c + 1 of a quad, times their first words; the plain build, which needs one sum only, takes all words. */
  @inline
  private first(sum: v128, from: usize, c: u32, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
    const packed = changetype<Packed<Q>>(0);
    sum = Group.dot<Q>(sum, packed.first(from, 2 * c), w0);
    if (!ASC_FEATURE_RELAXED_SIMD) sum = Group.dot<Q>(sum, packed.second(from, 2 * c), w1);
    sum = Group.dot<Q>(sum, packed.first(from, 2 * c + 1), w2);
    return ASC_FEATURE_RELAXED_SIMD ? sum : Group.dot<Q>(sum, packed.second(from, 2 * c + 1), w3);
  }

  /** The same for their second words, in the relaxed build. */
  @inline
  private second(sum: v128, from: usize, c: u32, w1: v128, w3: v128): v128 {
    if (changetype<A>(0).digits != 2) return sum;
    const packed = changetype<Packed<Q>>(0);
    return Group.dot<Q>(Group.dot<Q>(sum, packed.second(from, 2 * c), w1), packed.second(from, 2 * c + 1), w3);
  }
}
