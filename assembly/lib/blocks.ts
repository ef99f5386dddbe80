import { Activations } from './activations';

/** How sums grow by blocks of 32 columns that stand alone. lib/mat_vec.ts says in which order. */
@unmanaged
export class Blocks<Q, A> {
  /** Bytes that an item and a token need beside their sums. */
  @inline
  get stateBytes(): u32 {
    return 0;
  }

  /** The start of an integer sum, so that it ends at the sum of the true levels. */
  @inline
  start(x: usize, _b: u32, _sub: u32): v128 {
    const q = changetype<Q>(0);
    const a = changetype<Activations<Q, A>>(0);
    return q.offset ? i32x4.shl(v128.load32_splat(x + a.sums), ctz(q.offset)) : i32x4.splat(0);
  }

  /** Adds integer sums. The activations' scale makes up for the factor that the weights' scale lacks. */
  @inline
  part(x: usize, dots: v128, scale: v128): v128 {
    const scaleX = f32x4.splat(load<f32>(x + changetype<Activations<Q, A>>(0).scale) * changetype<Q>(0).factor);
    return f32x4.mul(f32x4.convert_i32x4_s(dots), f32x4.mul(scale, scaleX));
  }

  /** Adds a quad's mins. */
  @inline
  min(x: usize, _b: u32, tail: usize, quad: u32): v128 {
    const q = changetype<Q>(0);
    if (!q.hasMins) return i32x4.splat(0);
    return f32x4.mul(q.min(tail, quad, 0), v128.load32_splat(x + changetype<Activations<Q, A>>(0).scaledSum));
  }

  /** Four rows' sums with a block added. */
  @inline
  add(sums: usize, _first: v128, part: v128, min: v128): void {
    const sum = f32x4.add(v128.load(sums), part);
    v128.store(sums, changetype<Q>(0).hasMins ? f32x4.add(sum, min) : sum);
  }

  @inline
  end(_sums: usize, _state: usize, _head: usize, _x: usize): void {}
}
