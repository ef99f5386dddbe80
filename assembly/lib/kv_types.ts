import { Half } from './half';

/**
 * How keys and values lie in the cache. A type is used through `changetype<T>(0)`, so that each kernel is compiled once per
 * type with these members inlined.
 *
 *     values: [nKvHeads, nPositions, headDim]
 *     keys:   [nKvHeads, nPositions / 4, headDim, 4], four positions interleaved, so that one vector holds one column of four
 *             positions and a score needs no horizontal sum
 *
 * Each head on its own, because that is how attention reads them: in one long stream, which the hardware can fetch ahead.
 */
@unmanaged
export class KvF32 {
  @inline
  get bytes(): u32 {
    return 4;
  }

  /** What a loaded value has to be multiplied by. */
  @inline
  get factor(): f32 {
    return 1;
  }

  /** Four numbers; `mask` is `Masks.half`, which a loop has to keep at hand itself. */
  @inline
  load4(from: usize, _mask: v128): v128 {
    return v128.load(from);
  }

  @inline
  store(to: usize, x: f32): void {
    store<f32>(to, x);
  }
}

/**
 * Half precision. A loaded value is 2^-112 times the real one (lib/half.ts says why); the factor that makes up for it is
 * folded into queries and probabilities, where it costs nothing: powers of two do not round. It needs |query * scale| < 2^15.
 */
@unmanaged
export class KvF16 {
  @inline
  get bytes(): u32 {
    return 2;
  }

  @inline
  get factor(): f32 {
    return Half.factor;
  }

  @inline
  load4(from: usize, mask: v128): v128 {
    return v128.and(i32x4.shl(v128.load_ext<i16>(from), 13), mask);
  }

  /**
   * Rounds to nearest even. What is subnormal in half precision (below 2^-14) becomes zero: loaded as above it would be
   * a subnormal float32, and those are a hundred times slower. What is too large becomes the largest, 65504.
   */
  @inline
  store(to: usize, x: f32): void {
    const bits = reinterpret<u32>(x);
    const magnitude = bits & 0x7fffffff;
    const rounded = min<u32>(magnitude + 0xfff + ((magnitude >> 13) & 1), 0x477fe000);
    const half = rounded < 0x38800000 ? 0 : (rounded - 0x38000000) >> 13;
    store<u16>(to, <u16>(((bits >> 16) & 0x8000) | half));
  }
}
