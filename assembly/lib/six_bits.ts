/**
 * Q4_K's and Q5_K's eight 6-bit scales and mins in 12 bytes:
 *
 *     byte 0-3:   bits 0-5 scale b, b 0 … 3;   bits 6-7 the top of scale b + 4
 *     byte 4-7:   bits 0-5 min b, b 0 … 3;     bits 6-7 the top of min b + 4
 *     byte 8-11:  bits 0-3 scale b, b 4 … 7;   bits 4-7 min b
 */
export class SixBits {
  static scale(at: usize, b: usize): u8 {
    if (b < 4) return load<u8>(at + b) & 63;
    return (load<u8>(at + b, 4) & 15) | ((load<u8>(at + b - 4) >> 6) << 4);
  }

  static min(at: usize, b: usize): u8 {
    if (b < 4) return load<u8>(at + b, 4) & 63;
    return (load<u8>(at + b, 4) >> 4) | ((load<u8>(at + b) >> 6) << 4);
  }
}
