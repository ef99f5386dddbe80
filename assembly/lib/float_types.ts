import { Masks } from './constants';

/**
 * Weights that are floats: no blocks, no quantised activations. A packed item is
 *
 *     | head | column 0: rows 0 … 15 | column 1: rows 0 … 15 | …
 *
 * A type has `bytes` per weight and `headBytes`; `head` writes the head for 16 rows of the file, `encode` one weight, `load4` gives
 * four, and `factor(item)` is what these have to be multiplied by.
 */
@unmanaged
export class F32 {
  @inline
  get bytes(): u32 {
    return 4;
  }

  @inline
  get headBytes(): u32 {
    return 0;
  }

  @inline
  head(_item: usize, _src: usize, _nWeights: u32): void {}

  @inline
  encode(_factor: f32, src: usize, to: usize): void {
    store<u32>(to, load<u32>(src));
  }

  @inline
  load4(at: usize): v128 {
    return v128.load(at);
  }

  @inline
  factor(_item: usize): f32 {
    return 1;
  }
}

/** The upper half of a float32. */
@unmanaged
export class BF16 {
  @inline
  get bytes(): u32 {
    return 2;
  }

  @inline
  get headBytes(): u32 {
    return 0;
  }

  @inline
  head(_item: usize, _src: usize, _nWeights: u32): void {}

  @inline
  encode(_factor: f32, src: usize, to: usize): void {
    store<u16>(to, load<u16>(src));
  }

  @inline
  load4(at: usize): v128 {
    return i32x4.shl(v128.load_ext<u16>(at), 16);
  }

  @inline
  factor(_item: usize): f32 {
    return 1;
  }
}

/**
 * Half precision, sign 1 | exponent + 15: 5 | fraction 10, unless exponent = 0: subnormal, fraction * 2^-24. Moved to a float32's
 * fields such a number would be subnormal there too, and those are a hundred times slower on some machines. So they are
 * kept as sign 1 | exponent + 25: 5 | fraction 10 with 0 as the only special case: every half below 128 fits, exactly, subnormals
 * included. Items with larger weights (none was ever seen in a model) stay halves, ones with infinities or NaN give NaN.
 */
@unmanaged
export class F16 {
  @inline
  get bytes(): u32 {
    return 2;
  }

  /** The factor, f32, and 12 unused bytes. */
  @inline
  get headBytes(): u32 {
    return 16;
  }

  head(item: usize, src: usize, nWeights: u32): void {
    let lanes = i16x8.splat(0);
    let i: u32 = 0;
    for (; i + 8 <= nWeights; i += 8) {
      lanes = i16x8.max_u(lanes, v128.and(v128.load(src + 2 * i), i16x8.splat(0x7fff)));
    }
    let largest = <u32>i16x8.extract_lane_u(lanes, 0);
    for (let lane = 1; lane < 8; lane++) {
      lanes = i8x16.shuffle(lanes, lanes, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1);
      largest = max(largest, <u32>i16x8.extract_lane_u(lanes, 0));
    }
    for (; i < nWeights; i++) largest = max(largest, (<u32>load<u16>(src + 2 * i)) & 0x7fff);
    const factor = largest < 0x5800 ? F16.below128 : largest < 0x7c00 ? F16.asHalf : <f32>NaN;
    store<f32>(item, factor);
  }

  @inline
  encode(factor: f32, src: usize, to: usize): void {
    const half = <u32>load<u16>(src);
    if (factor == F16.below128) {
      const float = reinterpret<u32>(reinterpret<f32>((half & 0x7fff) << 13) * F16.asHalf);
      const magnitude = <u32>max<i32>((float >> 13) - (102 << 10), 0); // a float32's exponent is 102 above this one
      store<u16>(to, <u16>(magnitude | (half & 0x8000)));
    } else {
      store<u16>(to, <u16>half);
    }
  }

  @inline
  load4(at: usize): v128 {
    // sign-extended and shifted: s sssssssssssssss s eeeee ffffffffff 000… becomes s 000 eeeee ffffffffff 0000000000000
    return v128.and(i32x4.shl(v128.load_ext<i16>(at), 13), Masks.half);
  }

  @inline
  factor(item: usize): f32 {
    return load<f32>(item);
  }

  /** 2^102 = 2^(127 - 25), for what is kept with an exponent + 25. */
  @inline
  private static get below128(): f32 {
    return 5.070602400912918e30;
  }

  /** 2^112 = 2^(127 - 15), for halves. */
  @inline
  private static get asHalf(): f32 {
    return 5.192296858534828e33;
  }
}
