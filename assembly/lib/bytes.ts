import { Masks } from './constants';

/** 16 bytes, one per row of an item → four of them as int32. */
export class Bytes {
  @inline
  static unsigned(bytes: v128, quad: u32): v128 {
    return Bytes.swizzle(bytes, Masks.low(quad));
  }

  @inline
  static signed(bytes: v128, quad: u32): v128 {
    return i32x4.shr_s(Bytes.swizzle(bytes, Masks.top(quad)), 24);
  }

  @inline
  static swizzle(bytes: v128, mask: v128): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(bytes, mask) : i8x16.swizzle(bytes, mask);
  }
}
