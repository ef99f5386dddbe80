/** Writes eight lanes. */
export function storePair(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/** Functions of four lanes at a time. Every result is the same in each lane, build and engine. */
export class Lanes {
  /**
   * e^x to the last bit but one: within 1.0 units in the last place, or 0.71 * 2^-23 relative; e^0 is exactly 1. Below -87.3 it
   * stays at 2^-126, above 88.3 at 2^127: nothing becomes subnormal, which would be slow, or infinite. A NaN stays one.
   *
   * x = n ln 2 + r with |r| <= ln 2 / 2, so e^x = 2^n e^r. ln 2 is held in two pieces (Cody & Waite 1980), the first of 15
   * bits so that n * piece is exact; e^r is 1 + r + r² q(r), with q fitted to the smallest relative error (3.1e-9 before
   * rounding to float32).
   *
   * Adding 1.5 * 2^23 + 127 rounds to an integer, n + 127, which then stands in the lowest bits: shifted to the exponent's
   * place it is 2^n. That, and pmin and pmax, are one instruction each on x86. `nearest`, `trunc_sat`, `min` and `max` take
   * up to eight, for the sake of NaNs, which survive this way too. (Adding n to the exponent bits of e^r, instead of
   * multiplying by 2^n, would turn NaNs with anything in their lowest bits into numbers.)
   */
  @inline
  static exp(x: v128): v128 {
    return Lanes.expBelow0(f32x4.pmax(f32x4.pmin(x, f32x4.splat(88.3)), f32x4.splat(-87.3)));
  }

  /** The same to the bit for -87 … 0. NaN stays NaN; below -87 any result may come. */
  @inline
  static expBelow0(x: v128): v128 {
    const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504)), f32x4.splat(12583039));
    const n = f32x4.sub(shifted, f32x4.splat(12583039));
    let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693145751953125)));
    r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(1.42860682e-6)));
    let q = f32x4.splat(0.0013814597623422742);
    q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.0083687175065279));
    q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.04166838899254799));
    q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.1666652113199234));
    q = f32x4.add(f32x4.mul(q, r), f32x4.splat(0.4999999403953552));
    const power = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(q, r), r), r), f32x4.splat(1));
    return f32x4.mul(power, i32x4.shl(shifted, 23));
  }

  /** e^x of one number, to the bit what `exp` gives in a lane. */
  @inline
  static exp1(x: f32): f32 {
    return f32x4.extract_lane(Lanes.exp(f32x4.splat(x)), 0);
  }

  /**
   * ln(1 + e^x) = max(0, x) + ln(1 + e^-|x|), within 3 units in the last place for all x > -87. With s = y / (2 + y), ln(1 + y) is
   * 2 (s + s³ / 3 + s⁵ / 5 + …), which loses no digits for small y; here s ≤ 1/3. A NaN stays one.
   */
  @inline
  static softplus(x: v128): v128 {
    const y = Lanes.exp(f32x4.neg(f32x4.abs(x)));
    const s = f32x4.div(y, f32x4.add(y, f32x4.splat(2)));
    const square = f32x4.mul(s, s);
    let p = f32x4.splat(1 / 15.0);
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1 / 13.0));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1 / 11.0));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1 / 9.0));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1 / 7.0));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1 / 5.0));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1 / 3.0));
    const twice = f32x4.add(s, s);
    const log = f32x4.add(f32x4.mul(f32x4.mul(p, square), twice), twice);
    return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), log);
  }

  /** x / (1 + e^-by): what a gate lets through. */
  @inline
  static gate(x: v128, by: v128): v128 {
    return f32x4.div(x, f32x4.add(f32x4.splat(1), Lanes.exp(f32x4.neg(by))));
  }

  /**
   * cap * tanh(x / cap). Beyond 0.625 it is (1 - e) / (1 + e) with e = e^(-2 |z|); within, where that would lose digits, a polynomial of
   * z² (S. Moshier's Cephes library, tanhf).
   */
  @inline
  static cap(x: v128, cap: v128): v128 {
    const z = f32x4.div(x, cap);
    const size = f32x4.abs(z);
    const e = Lanes.exp(f32x4.mul(size, f32x4.splat(-2)));
    const one = f32x4.splat(1);
    const far = v128.bitselect(f32x4.div(f32x4.sub(one, e), f32x4.add(one, e)), z, i32x4.splat(0x7fffffff));
    const square = f32x4.mul(z, z);
    let p = f32x4.splat(-0.00570498872745);
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(0.0206390887954));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-0.0537397155531));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(0.133314422036));
    p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-0.333332819422));
    const near = f32x4.add(z, f32x4.mul(f32x4.mul(p, square), z));
    return f32x4.mul(v128.bitselect(near, far, f32x4.lt(size, f32x4.splat(0.625))), cap);
  }

  /** x / (1 + e^-2u) with 2u = 2 √(2/π) x (1 + 0.044715 x²): GELU in its tanh form. */
  @inline
  static gelu(x: v128): v128 {
    const cubic = f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.044715)));
    const minus2u = f32x4.mul(f32x4.mul(x, f32x4.splat(-1.5957691216)), cubic);
    return f32x4.div(x, f32x4.add(f32x4.splat(1), Lanes.exp(minus2u)));
  }

  /** Sum of the four lanes, always in the order (0 + 2) + (1 + 3). */
  @inline
  static sum(x: v128): f32 {
    const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
    return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
  }

  /** Largest of the four lanes. */
  @inline
  static max(x: v128): f32 {
    const pairs = f32x4.max(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
    return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
  }
}
