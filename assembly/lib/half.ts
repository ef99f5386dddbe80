import { Masks } from './constants';

/**
 * Half precision: sign 1 | exponent + 15: 5 | fraction 10. Shifted to where float32 keeps its fields, the exponent's bias is
 * 112 short. So a load gives 2^-112 times the value, exactly, subnormals included.
 */
export class Half {
  /** The factor that makes up for the bias. */
  @inline
  static get factor(): f32 {
    return 5.192296858534828e33; // 2^112
  }

  /** Four halves × 2^-112. */
  @inline
  static load4(at: usize, offset: usize = 0): v128 {
    // sign-extended and shifted: s sssssssssssssss s eeeee ffffffffff 000… becomes s 000 eeeee ffffffffff 0000000000000
    return v128.and(i32x4.shl(v128.load_ext<i16>(at + offset), 13), Masks.half);
  }

  /** One half as a float32; infinities and NaN too. */
  @inline
  static toFloat(half: u32): f32 {
    const magnitude = (half & 0x7fff) << 13;
    const special: u32 = magnitude >= 0x0f800000 ? 0x7f800000 : 0;
    const value = reinterpret<u32>(reinterpret<f32>(magnitude) * Half.factor);
    return reinterpret<f32>(value | special | ((half & 0x8000) << 16));
  }

  /** The half nearest to x >= 0, ties to even, as a float32; infinite from 65,520 on. */
  @inline
  static round(x: f32): f32 {
    if (x < 6.103515625e-5) return nearest<f32>(x * 16777216) / 16777216; // below 2^-14: whole multiples of 2^-24
    if (!(x < 65520)) return x * f32.POSITIVE_INFINITY;
    const bits = reinterpret<u32>(x);
    return reinterpret<f32>((bits + 0xfff + ((bits >> 13) & 1)) & ~0x1fff);
  }
}
