import { Masks } from './constants';

/**
 * How the levels of one block, 4 rows × 32 k = 8 groups of 16 bytes, are packed into fewer bits. A vector of n-bit levels has
 * room for 8 / n groups; the bits left over at the top of several vectors hold the remaining groups. Undoing that takes fewer
 * operations than undoing planes of bits. Bits from 7 down to 0, each line a vector of 16 such bytes, digits name the group:
 *
 *     ones, 16 bytes:     76543210
 *     twos, 32 bytes:     33221100   77665544
 *     threes, 48 bytes:   66111000   77333222   76555444             a group's lower bits come first
 *     nibbles, 64 bytes:  11110000   33332222   55554444   77776666
 *     fives, 80 bytes:    55500000   66611111   77722222   75533333   76644444
 *     sixes, 96 bytes:    33000000   33111111   33222222   77444444   77555555   77666666
 *
 * `of` is group g, which has to be known at compile time; `pack` packs the low bits of eight groups. Shifts have 16 bits,
 * because x86 has none of 8, and a mask removes the bits that come in from the neighbouring byte (packing Q6_K: 2.0 → 3.4
 * GB/s, Zen 5).
 */
export class Ones {
  /** Group g's bits, as 0 or 2. */
  @inline
  static of(from: usize, g: u32): v128 {
    return Field.of(v128.load(from), g, 0x02, 1);
  }

  /** Packs bit 1 of each byte. */
  static pack(groups: usize, to: usize): void {
    let all = bits(groups, 0, 1, 1, 0);
    for (let g = 1; g < 8; g++) all = v128.or(all, bits(groups, g, 1, 1, g));
    v128.store(to, all);
  }
}

export class Twos {
  @inline
  static of(from: usize, g: u32): v128 {
    return Field.of(v128.load(from + 16 * (g >> 2)), 2 * (g & 3), 0x03, 0);
  }

  /** Eight times them. */
  @inline
  static eights(from: usize, g: u32): v128 {
    return Field.of(v128.load(from + 16 * (g >> 2)), 2 * (g & 3), 0x18, 3);
  }

  static pack(groups: usize, to: usize): void {
    for (let g = 0; g < 8; g += 4) {
      const low = v128.or(bits(groups, g, 0, 3, 0), bits(groups, g + 1, 0, 3, 2));
      const high = v128.or(bits(groups, g + 2, 0, 3, 4), bits(groups, g + 3, 0, 3, 6));
      v128.store(to + 4 * g, v128.or(low, high));
    }
  }
}

export class Threes {
  @inline
  static of(from: usize, g: u32): v128 {
    if (g < 6) return Field.of(v128.load(from + 16 * (g >> 1)), 3 * (g & 1), 0x07, 0);
    const low = Field.of(v128.load(from + 16 * (g - 6)), 6, 0x03, 0);
    return v128.or(low, Field.of(v128.load(from, 32), g, 0x04, 2));
  }

  static pack(groups: usize, to: usize): void {
    for (let i = 0; i < 3; i++) {
      const low = v128.or(bits(groups, 2 * i, 0, 7, 0), bits(groups, 2 * i + 1, 0, 7, 3));
      const top = i < 2 ? bits(groups, 6 + i, 0, 3, 6) : v128.or(bits(groups, 6, 2, 1, 6), bits(groups, 7, 2, 1, 7));
      v128.store(to + 16 * i, v128.or(low, top));
    }
  }
}

export class Nibbles {
  @inline
  static of(from: usize, g: u32): v128 {
    return Field.of(v128.load(from + 16 * (g >> 1)), 4 * (g & 1), 0x0f, 0);
  }

  /** Nibbles of a file's block. */
  @inline
  static half(raw: v128, high: u32): v128 {
    return Field.of(raw, 4 * high, 0x0f, 0);
  }

  static pack(groups: usize, to: usize): void {
    for (let i = 0; i < 4; i++) {
      v128.store(to + 16 * i, v128.or(bits(groups, 2 * i, 0, 15, 0), bits(groups, 2 * i + 1, 0, 15, 4)));
    }
  }
}

export class Fives {
  @inline
  static of(from: usize, g: u32): v128 {
    if (g < 5) return Field.of(v128.load(from + 16 * g), 0, 0x1f, 0);
    const low = Field.of(v128.load(from + 16 * (g - 5)), 5, 0x07, 0);
    if (g < 7) return v128.or(low, Field.of(v128.load(from + 16 * (g - 2)), 5, 0x18, 3));
    const fourth = Field.of(v128.load(from, 48), 7, 0x08, 3);
    return v128.or(v128.or(low, fourth), Field.of(v128.load(from, 64), 7, 0x10, 4));
  }

  static pack(groups: usize, to: usize): void {
    for (let i = 0; i < 5; i++) {
      const top =
        i < 3 ? bits(groups, 5 + i, 0, 7, 5) : v128.or(bits(groups, 2 + i, 3, 3, 5), bits(groups, 7, i, 1, 7));
      v128.store(to + 16 * i, v128.or(bits(groups, i, 0, 31, 0), top));
    }
  }
}

export class Sixes {
  @inline
  static of(from: usize, g: u32): v128 {
    const vectors = from + 48 * (g >> 2);
    if ((g & 3) < 3) return Field.of(v128.load(vectors + 16 * (g & 3)), 0, 0x3f, 0);
    const low = Field.of(v128.load(vectors), 6, 0x03, 0);
    const middle = Field.of(v128.load(vectors, 16), 6, 0x0c, 2);
    return v128.or(v128.or(low, middle), Field.of(v128.load(vectors, 32), 6, 0x30, 4));
  }

  static pack(groups: usize, to: usize): void {
    for (let g = 0; g < 8; g += 4) {
      for (let i = 0; i < 3; i++) {
        v128.store(to + 12 * g + 16 * i, v128.or(bits(groups, g + i, 0, 63, 0), bits(groups, g + 3, 2 * i, 3, 6)));
      }
    }
  }
}

class Field {
  /** Moves the bits that begin at bit `at` of each byte to bit `to`, and keeps those in `mask`. */
  @inline
  static of(raw: v128, at: i32, mask: u32, to: i32): v128 {
    if (at > to) raw = i16x8.shr_u(raw, at - to);
    if (at < to) raw = i16x8.shl(raw, to - at);
    return v128.and(raw, Masks.byte(mask));
  }
}

/** Group g's bits `at` and on, as many as `mask` keeps, moved to bit `to`. */
function bits(groups: usize, g: i32, at: i32, mask: i32, to: i32): v128 {
  return i16x8.shl(v128.and(i16x8.shr_u(v128.load(groups + 16 * g), at), i8x16.splat(<i8>mask)), to);
}
