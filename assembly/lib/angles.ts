/*
 * Cosines and sines of angles in float64: src/base/math.ts, operation by operation, where the method is explained. Both give the same
 * bits; test/kernels/angles.test.ts compares them.
 */

// π/2 in four pieces. The first three have 25 bits each, so quarter * piece is exact for |quarter| < 2^28.
const HALF_PI_1: f64 = 1.5707963109016418;
const HALF_PI_2: f64 = 1.5893254712295857e-8;
const HALF_PI_3: f64 = 6.123233932053594e-17;
const HALF_PI_4: f64 = 6.36831716351095e-25;
const INV_HALF_PI: f64 = 0.6366197723675814;

// What `Angle.reduce` found: x = quarter * π/2 + y + yLo with |y| <= π/4.
let quarter: f64 = 0;
let y: f64 = 0;
let yLo: f64 = 0;

/** An angle of -2^28 … 2^28 radians: one at a time, for its cosine and its sine. */
export class Angle {
  static reduce(x: f64): void {
    const turns = x * INV_HALF_PI;
    const below = floor(turns);
    quarter = turns - below >= 0.5 ? below + 1 : below; // halves go up, as by Math.round
    const r1 = x - quarter * HALF_PI_1;
    const w2 = quarter * HALF_PI_2;
    const r2 = r1 - w2;
    const part2 = r2 - r1;
    const lost2 = r1 - (r2 - part2) - (w2 + part2);
    const w3 = quarter * HALF_PI_3;
    const r3 = r2 - w3;
    const part3 = r3 - r2;
    const lost3 = r2 - (r3 - part3) - (w3 + part3);
    const lost = lost2 + lost3 - quarter * HALF_PI_4;
    y = r3 + lost;
    yLo = r3 - y + lost;
  }

  @inline
  static cos(): f64 {
    return turned(<i32>quarter + 1);
  }

  @inline
  static sin(): f64 {
    return turned(<i32>quarter);
  }
}

function turned(quarter: i32): f64 {
  const value = quarter & 1 ? cosine() : sine();
  return quarter & 2 ? -value : value;
}

/** sin(y + yLo). */
function sine(): f64 {
  const z = y * y;
  let p: f64 = 1.0 / 355687428096000.0;
  p = p * z - 1.0 / 1307674368000.0;
  p = p * z + 1.0 / 6227020800.0;
  p = p * z - 1.0 / 39916800.0;
  p = p * z + 1.0 / 362880.0;
  p = p * z - 1.0 / 5040.0;
  p = p * z + 1.0 / 120.0;
  p = p * z - 1.0 / 6.0;
  return y + (z * y * p + yLo * (1.0 - 0.5 * z));
}

/** cos(y + yLo). */
function cosine(): f64 {
  const z = y * y;
  let p: f64 = -1.0 / 6402373705728000.0;
  p = p * z + 1.0 / 20922789888000.0;
  p = p * z - 1.0 / 87178291200.0;
  p = p * z + 1.0 / 479001600.0;
  p = p * z - 1.0 / 3628800.0;
  p = p * z + 1.0 / 40320.0;
  p = p * z - 1.0 / 720.0;
  p = p * z + 1.0 / 24.0;
  const half = 0.5 * z;
  const w = 1.0 - half;
  return w + (1.0 - w - half + (z * z * p - y * yLo));
}
