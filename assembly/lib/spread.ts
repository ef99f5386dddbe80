/** A file's fields of a few bits → 16 bytes. */
export class Spread {
  /** 16 bits: bytes whose bit is set become `value`, the others 0. */
  @inline
  static ones(bits: u32, value: i8): v128 {
    const bytes = i8x16.shuffle(i16x8.splat(<i16>bits), i16x8.splat(0), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const masks = i64x2.splat(<i64>0x8040201008040201);
    return v128.and(i8x16.eq(v128.and(bytes, masks), masks), i8x16.splat(value));
  }

  /** 32 bits, two to a byte. */
  @inline
  static twos(bits: u32): v128 {
    const fours = i8x16.swizzle(i32x4.splat(bits), i8x16(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
    const low = v128.or(place(fours, 0, 0x00000003), place(fours, 2, 0x00000300));
    return v128.or(low, v128.or(place(fours, 4, 0x00030000), place(fours, 6, 0x03000000)));
  }

  /** 64 bits, four to a byte. */
  @inline
  static nibbles(bits: u64): v128 {
    const pairs = i64x2.splat(bits);
    const low = v128.and(pairs, i8x16.splat(15));
    const high = v128.and(i16x8.shr_u(pairs, 4), i8x16.splat(15));
    return i8x16.shuffle(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  }
}

/** Of 32-bit lanes, moved right, what `mask` keeps. */
function place(lanes: v128, right: i32, mask: i32): v128 {
  return v128.and(i32x4.shr_u(lanes, right), i32x4.splat(mask));
}
