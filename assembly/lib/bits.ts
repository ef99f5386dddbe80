import { Masks } from './constants';

/**
 * How the levels of one block, 4 rows × 32 k = 8 groups of 16 bytes, are packed into fewer bits. Chunk c (0 … 3) stands for
 * groups 2c and 2c + 1.
 *
 *     nibbles, 64 bytes:  16 bytes per chunk: bits 0-3 group 2c, bits 4-7 group 2c + 1
 *     pairs, 32 bytes:    16 bytes per half: bits 2j, 2j + 1 of a byte belong to group 4 * half + j
 *     bits, 16 bytes:     bit j of a byte belongs to group j
 */
export class Nibbles {
  @inline
  static low(raw: v128): v128 {
    return v128.and(raw, Masks.nibble);
  }

  @inline
  static high(raw: v128): v128 {
    return v128.and(i16x8.shr_u(raw, 4), Masks.nibble);
  }

  /** Low four bits of eight groups → 64 bytes. */
  @inline
  static pack(groups: usize, to: usize): void {
    for (let c: usize = 0; c < 4; c++) {
      const high = i16x8.shl(Nibbles.low(v128.load(groups + 32 * c, 16)), 4);
      v128.store(to + 16 * c, v128.or(Nibbles.low(v128.load(groups + 32 * c)), high));
    }
  }
}

export class Pairs {
  /** Bits of group 4 * half + j, moved to bits `at` and at + 1. */
  @inline
  static of(raw: v128, j: i32, at: i32): v128 {
    const moved = 2 * j < at ? i16x8.shl(raw, at - 2 * j) : i16x8.shr_u(raw, 2 * j - at);
    return v128.and(moved, Masks.pair(at));
  }

  /** Bits `at` and at + 1 of eight groups → 32 bytes. */
  @inline
  static pack(groups: usize, to: usize, at: i32): void {
    for (let half: usize = 0; half < 2; half++) {
      let packed = i8x16.splat(0);
      for (let j = 0; j < 4; j++) {
        const group = i8x16.shr_u(v128.load(groups + 64 * half + 16 * j), at);
        packed = v128.or(packed, i8x16.shl(v128.and(group, i8x16.splat(3)), 2 * j));
      }
      v128.store(to + 16 * half, packed);
    }
  }
}

export class Bits {
  /** Bit of group j, moved to bit `at`. */
  @inline
  static of(raw: v128, j: i32, at: i32): v128 {
    const moved = j < at ? i16x8.shl(raw, at - j) : i16x8.shr_u(raw, j - at);
    return v128.and(moved, Masks.bit(at));
  }

  /** 16 bits → bit `at` of 16 bytes. */
  @inline
  static spread(bits: u32, at: i32): v128 {
    const bytes = i8x16.shuffle(i16x8.splat(<i16>bits), i16x8.splat(0), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const masks = i64x2.splat(<i64>0x8040201008040201);
    return v128.and(i8x16.eq(v128.and(bytes, masks), masks), i8x16.splat((<i8>1) << (<i8>at)));
  }

  /** Bit `at` of eight groups → 16 bytes. */
  @inline
  static pack(groups: usize, to: usize, at: i32): void {
    let packed = i8x16.splat(0);
    for (let j = 0; j < 8; j++) {
      const group = i8x16.shr_u(v128.load(groups + 16 * j), at);
      packed = v128.or(packed, i8x16.shl(v128.and(group, i8x16.splat(1)), j));
    }
    v128.store(to, packed);
  }
}
