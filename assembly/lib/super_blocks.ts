import { Activations } from './activations';

/** How a sum grows by super-blocks of 256 columns, or 128. lib/mat_vec.ts says in which order. */
@unmanaged
export class SuperBlocks<Q, A> {
  /** Bytes that an item and a token need beside their sums: of the current super-block | parts f32 | integer sums of mins |. */
  @inline
  get stateBytes(): u32 {
    return 128;
  }

  /** The start of an integer sum, so that it ends at the sum of the true levels. */
  @inline
  start(x: usize, b: u32, sub: u32): v128 {
    const q = changetype<Q>(0);
    if (q.offset == 0) return i32x4.splat(0);
    const isPower = popcnt(q.offset) == 1;
    const sum = this.sum(x, b, sub);
    return isPower ? i32x4.shl(sum, ctz(q.offset)) : i32x4.mul(sum, i32x4.splat(q.offset));
  }

  /** Adds a sub-block's integer sums. Where they may have more than 24 bits, they are rounded first, as tiles round them. */
  @inline
  part(_x: usize, dots: v128, scale: v128): v128 {
    if (!changetype<Q>(0).hasScales) return f32x4.convert_i32x4_s(dots);
    if (changetype<Q>(0).hasFloatScales) return f32x4.mul(f32x4.convert_i32x4_s(dots), scale);
    if (changetype<Q>(0).isWide) return f32x4.mul(f32x4.convert_i32x4_s(dots), f32x4.convert_i32x4_s(scale));
    return f32x4.convert_i32x4_s(i32x4.mul(dots, scale));
  }

  /** Adds a quad's mins. */
  @inline
  min(x: usize, b: u32, tail: usize, quad: u32): v128 {
    const q = changetype<Q>(0);
    if (!q.hasMins) return i32x4.splat(0);
    const min = i32x4.mul(q.min(tail, quad, 0), this.sum(x, b, 0));
    return q.subs == 1 ? min : i32x4.add(min, i32x4.mul(q.min(tail, quad, 1), this.sum(x, b, 1)));
  }

  @inline
  private sum(x: usize, b: u32, sub: u32): v128 {
    const sums = x + changetype<Activations<Q, A>>(0).sums;
    return v128.load32_splat(sums + 4 * (changetype<Q>(0).subs * b + sub));
  }

  /** Four rows' state with a block added. */
  @inline
  add(state: usize, first: v128, part: v128, min: v128): void {
    let parts = v128.load(state);
    if (changetype<Q>(0).subs == 2) parts = f32x4.add(parts, first);
    v128.store(state, f32x4.add(parts, part));
    if (changetype<Q>(0).hasMins) v128.store(state, i32x4.add(v128.load(state, 64), min), 64);
  }

  /**
   * Adds a super-block, as the state holds it, to an item's sums. (Too large for compilers to repeat it in every type's
   * loop.)
   */
  end(sums: usize, state: usize, head: usize, x: usize): void {
    const scale = v128.load32_splat(x + changetype<Activations<Q, A>>(0).scale);
    this.endQuad(sums, state, head, scale);
    this.endQuad(sums + 16, state + 16, head + 16, scale);
    this.endQuad(sums + 32, state + 32, head + 32, scale);
    this.endQuad(sums + 48, state + 48, head + 48, scale);
  }

  @inline
  private endQuad(sums: usize, state: usize, head: usize, scale: v128): void {
    const factor = changetype<Q>(0).headBytes ? f32x4.mul(v128.load(head), scale) : scale;
    let sum = f32x4.add(v128.load(sums), f32x4.mul(v128.load(state), factor));
    v128.store(state, i32x4.splat(0));
    if (changetype<Q>(0).hasMins) {
      const mins = f32x4.convert_i32x4_s(v128.load(state, 64));
      sum = f32x4.add(sum, f32x4.mul(mins, f32x4.mul(v128.load(head, 64), scale)));
      v128.store(state, i32x4.splat(0), 64);
    }
    v128.store(sums, sum);
  }
}
