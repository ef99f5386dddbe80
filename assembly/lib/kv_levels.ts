import { Half } from './half';
import { largest } from './level_dot';

/**
 * A block of a q8_0 cache: four positions × 32 columns of one head, number = scale * level, level -127 … 127.
 *
 *     byte 0                16        32                 144
 *          | 4 scales f32   | group 0 | group 1 | … group 7 |      a group: 16 levels i8 of four positions × four columns
 *
 *     keys,   group g:  | columns 4g … 4g+3 of position 0 | the same of position 1 | 2 | 3 |    a lane is a position
 *     values, group g:  | column 4g of positions 0 … 3    | column 4g+1 | 4g+2 | 4g+3 |         a lane is a column
 *
 * So both halves of attention find four levels side by side that are summed up, as an integer dot product takes them. Scales
 * are the halves of a file's q8_0 block, widened.
 */
export class KvLevels {
  @inline
  static get blockBytes(): u32 {
    return 144;
  }

  /** Offset of the first group. */
  @inline
  static get levels(): u32 {
    return 16;
  }

  /**
   * Quantises 32 columns of one position, to the bit as src/quants/q8_0.ts does. A NaN or an infinity must not get lost: it
   * makes the scale NaN, and with it every result from the block.
   */
  static store(block: usize, x: usize, lane: u32, interleave: u32): void {
    let bits = i32x4.splat(0); // magnitudes compare as integers, and NaN is the largest
    for (let i: usize = 0; i < 128; i += 16) bits = i32x4.max_u(bits, f32x4.abs(v128.load(x + i)));
    const amax = largest(bits);
    const scale = amax < f32.POSITIVE_INFINITY ? amax / 127 : f32.NaN;
    const perScale = f32x4.splat(scale > 0 ? 1 / scale : 0);
    store<f32>(block + 4 * lane, Half.round(scale));
    let to = block + KvLevels.levels + (interleave == 4 ? 4 * lane : lane);
    for (let i: usize = 0; i < 128; i += 16) {
      const four = KvLevels.round(f32x4.mul(v128.load(x + i), perScale));
      if (interleave == 4) {
        store<u32>(to, four);
      } else {
        store<u8>(to, <u8>four);
        store<u8>(to, <u8>(four >> 8), 4);
        store<u8>(to, <u8>(four >> 16), 8);
        store<u8>(to, <u8>(four >> 24), 12);
      }
      to += 16;
    }
  }

  /** Nearest integers, ties away from zero, as four bytes. */
  @inline
  private static round(x: v128): u32 {
    const whole = f32x4.trunc(x);
    const isUp = f32x4.ge(f32x4.abs(f32x4.sub(x, whole)), f32x4.splat(0.5));
    const one = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1)); // with the sign of x
    const levels = i32x4.trunc_sat_f32x4_s(f32x4.add(whole, v128.and(isUp, one)));
    const pairs = i16x8.narrow_i32x4_s(levels, levels);
    return i32x4.extract_lane(i8x16.narrow_i16x8_s(pairs, pairs), 0);
  }
}
