import { Bytes } from './bytes';
import { Half } from './half';
import { Block256WithMins } from './super_layout';

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

/** Super-blocks with a 6-bit scale and min for every 32 columns: a tail of 16 scales u8 | 16 mins u8. */
@unmanaged
export class Block256SixBits extends Block256WithMins {
  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  scale(tail: usize, quad: u32, _sub: u32): v128 {
    return Bytes.unsigned(v128.load(tail), quad);
  }

  @inline
  min(tail: usize, quad: u32, _sub: u32): v128 {
    return Bytes.unsigned(v128.load(tail, 16), quad);
  }

  /** A file's block begins with d, dmin and 12 bytes of scales and mins. */
  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)));
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 2)), 64);
    for (let b: u32 = 0; b < 8; b++) {
      store<u8>(tail + b * stride + row, SixBits.scale(file + 4, b));
      store<u8>(tail + b * stride + row, SixBits.min(file + 4, b), 16);
    }
  }
}
