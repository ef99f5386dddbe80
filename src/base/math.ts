/**
 * Elementary functions whose last bit is the same on every JavaScript engine. `Math.exp`, `Math.log`, `Math.sin`, `Math.cos`
 * and `Math.pow` are "implementation-approximated" by ECMA-262, so two engines may sample two different texts from the same
 * seed. This file has only IEEE 754 `+ - * /`, rounding and bit casts, and the standard fixes all of these exactly.
 *
 * Method: reduce the argument by a constant held in several pieces (Cody & Waite, *Software Manual for the Elementary
 * Functions*, 1980), then a plain Taylor series, with the rounding error of the reduction carried along. Results stay
 * within 2 ulp of the true value (measured against `Math.*` in the tests).
 */

const LN2_HI = 0.6931471805598903; // the first 42 bits of ln 2: k * LN2_HI is exact for |k| < 2^11
const LN2_LO = 5.497923018708371e-14; // ln 2 - LN2_HI
const INV_LN2 = 1.4426950408889634;

// π/2 in four pieces. The first three have 25 bits each, so k * piece is exact for |k| < 2^28.
const HALF_PI_1 = 1.5707963109016418;
const HALF_PI_2 = 1.5893254712295857e-8;
const HALF_PI_3 = 6.123233932053594e-17;
const HALF_PI_4 = 6.36831716351095e-25;
const INV_HALF_PI = 0.6366197723675814;
const MAX_ANGLE = 2 ** 28;

// A float64 beside its two 32-bit words; WASM fixes little-endian memory, so the high word is words[1].
//   words[1]: sign 1 | exponent + 1023: 11 | top 20 of the fraction        words[0]: the lower 32 of the fraction
const float = new Float64Array(1);
const words = new Int32Array(float.buffer);

// The same for powers of two: a float64 whose low word stays 0.
const power = new Float64Array(1);
const powerWords = new Int32Array(power.buffer);

/**
 * Replaces each of the first `n` values by e^(value + lo). A loop over an array because a float64 that crosses a call is
 * boxed on the heap unless the engine happens to inline the call: 12 bytes for each of 150,000 logits.
 */
function expLoop(values: Float64Array, n: number, lo: number): void {
  for (let i = 0; i < n; i++) {
    const x = values[i]!;
    if (!(x >= -745.2 && x <= 709.79)) {
      values[i] = x > 0 ? Infinity : x < 0 ? 0 : NaN;
      continue;
    }
    const k = Math.round(x * INV_LN2);
    const hi = x - k * LN2_HI;
    const small = k * LN2_LO - lo;
    const r = hi - small; // |r| <= ln(2) / 2
    const rLo = hi - r - small;
    // e^r - 1 - r, divided by r²: the next term, r^14 / 14!, is below 2^-57
    let p = 1 / 6227020800;
    p = p * r + 1 / 479001600;
    p = p * r + 1 / 39916800;
    p = p * r + 1 / 3628800;
    p = p * r + 1 / 362880;
    p = p * r + 1 / 40320;
    p = p * r + 1 / 5040;
    p = p * r + 1 / 720;
    p = p * r + 1 / 120;
    p = p * r + 1 / 24;
    p = p * r + 1 / 6;
    p = p * r + 0.5;
    let y = 1 + (r + (r * r * p + rLo));
    const half = k >> 1; // times 2^k in two steps: 2^1024 and 2^-1074 are no normal numbers
    powerWords[1] = (half + 1023) << 20;
    y *= power[0]!;
    powerWords[1] = (k - half + 1023) << 20;
    values[i] = y * power[0]!;
  }
}

/** Replaces each of the first `n` values by e^value; allocates nothing. */
export function expEach(values: Float64Array, n: number): void {
  expLoop(values, n, 0);
}

const single = new Float64Array(1);

/** e^x. For many values, `expEach`. */
export function exp(x: number): number {
  single[0] = x;
  expLoop(single, 1, 0);
  return single[0]!;
}

// Coefficients of Taylor series, the last one first.
const LOG = [2 / 21, 2 / 19, 2 / 17, 2 / 15, 2 / 13, 2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3];
const LOG_FROM_FIFTH = LOG.slice(0, -1);
const SIN = [1 / 355687428096000, -1 / 1307674368000, 1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6]; // prettier-ignore
const COS = [-1 / 6402373705728000, 1 / 20922789888000, -1 / 87178291200, 1 / 479001600, -1 / 3628800, 1 / 40320, -1 / 720, 1 / 24]; // prettier-ignore

/** The sum of a series at z, by Horner's rule. */
function series(coefficients: readonly number[], z: number): number {
  let p = 0;
  for (let i = 0; i < coefficients.length; i++) p = p * z + coefficients[i]!;
  return p;
}

// The exponent and the mantissa in [√½, √2) that `split` found: two results without an object per call.
let exponent = 0;
let mantissa = 0;

/** Splits a positive finite x into mantissa * 2^exponent. */
function split(x: number): void {
  const isSubnormal = x < 2.2250738585072014e-308;
  float[0] = isSubnormal ? x * 18014398509481984 : x; // 2^54
  exponent = (words[1]! >> 20) - 1023 - (isSubnormal ? 54 : 0);
  words[1] = (words[1]! & 0xfffff) | (1023 << 20);
  mantissa = float[0]!;
  if (mantissa >= Math.SQRT2) {
    mantissa *= 0.5;
    exponent++;
  }
}

/** Natural logarithm; NaN below 0, -Infinity at 0. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  split(x);
  const k = exponent;
  const f = mantissa - 1;
  // With s = f / (2 + f): log(1 + f) = log((1 + s) / (1 - s)) = 2s + 2s³/3 + 2s⁵/5 + …, and 2s = f - f²/2 + s f²/2,
  // which keeps the large term f exact.
  const s = f / (2 + f);
  const z = s * s; // <= 0.0295
  const halfSquare = 0.5 * f * f;
  return k * LN2_HI - (halfSquare - (s * (halfSquare + z * series(LOG, z)) + k * LN2_LO) - f);
}

let productLo = 0;

/** a * b; `productLo` holds what rounding lost (Dekker, *A floating-point technique…*, 1971). */
function product(a: number, b: number): number {
  const aBig = a * 134217729; // 2^27 + 1: halves of 26 bits, whose products are exact
  const bBig = b * 134217729;
  const aHi = aBig - (aBig - a);
  const bHi = bBig - (bBig - b);
  const aLo = a - aHi;
  const bLo = b - bHi;
  const p = a * b;
  productLo = aLo * bLo - (p - aHi * bHi - aLo * bHi - aHi * bLo);
  return p;
}

let logLo = 0;

/** log(x) for positive finite x to about 2^-65; `logLo` holds what does not fit the result. */
function logSum(x: number): number {
  split(x);
  const k = exponent;
  const f = mantissa - 1;
  const d = mantissa + 1;
  const dLo = mantissa - (d - 1);
  const s = f / d;
  const back = product(s, d);
  const sLo = (f - back - productLo - s * dLo) / d;
  const z = product(s, s);
  const zLo = productLo + 2 * s * sLo;
  const cube = product(z, s);
  const cubeLo = productLo + z * sLo + zLo * s;
  const third = product(cube, 0.6666666666666666); // 2/3 = 0.6666666666666666 + 3.7e-17
  const thirdLo = productLo + cubeLo * 0.6666666666666666 + cube * 3.700743415417188e-17;
  // k ln 2 + 2s + 2s³/3 + s⁵ p, largest first
  const a = k * LN2_HI;
  const b = a + 2 * s;
  const bLo = k === 0 ? 0 : 2 * s - (b - a);
  const c = b + third;
  const cLo = third - (c - b);
  const lo = bLo + cLo + (2 * sLo + thirdLo + k * LN2_LO + cube * z * series(LOG_FROM_FIFTH, z));
  const hi = c + lo;
  logLo = lo - (hi - c);
  return hi;
}

/** x^y for x >= 0; NaN for negative x. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (!(x >= 0) || y !== y) return NaN;
  if (x === 0) return y > 0 ? 0 : Infinity;
  if (x === Infinity) return y > 0 ? Infinity : 0;
  const hi = logSum(x);
  const lo = logLo;
  const power = y * hi;
  if (power > 710) return Infinity;
  if (power < -746) return 0;
  const rounded = product(y, hi);
  single[0] = rounded;
  expLoop(single, 1, productLo + y * lo);
  return single[0]!;
}

// Results of `reduceAngle`: x = quarter * π/2 + angle + angleLo with |angle| <= π/4.
let angle = 0;
let angleLo = 0;

function reduceAngle(x: number): number {
  if (!(Math.abs(x) <= MAX_ANGLE)) throw new RangeError(`sin and cos take angles within ±2^28 radians, got ${x}`);
  const quarter = Math.round(x * INV_HALF_PI);
  const r1 = x - quarter * HALF_PI_1;
  const w2 = quarter * HALF_PI_2;
  const r2 = r1 - w2;
  const part2 = r2 - r1;
  const lost2 = r1 - (r2 - part2) - (w2 + part2); // Knuth's two-sum: exact whichever operand is larger
  const w3 = quarter * HALF_PI_3;
  const r3 = r2 - w3;
  const part3 = r3 - r2;
  const lost3 = r2 - (r3 - part3) - (w3 + part3);
  const lost = lost2 + lost3 - quarter * HALF_PI_4;
  angle = r3 + lost;
  angleLo = r3 - angle + lost;
  return quarter;
}

/** sin(y + yLo) for |y| <= π/4. */
function sinKernel(y: number, yLo: number): number {
  const z = y * y;
  return y + (z * y * series(SIN, z) + yLo * (1 - 0.5 * z));
}

/** cos(y + yLo) for |y| <= π/4. */
function cosKernel(y: number, yLo: number): number {
  const z = y * y;
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + (z * z * series(COS, z) - y * yLo));
}

/** Sine of an angle in radians, |x| <= 2^28. */
export function sin(x: number): number {
  const quarter = reduceAngle(x);
  const value = quarter & 1 ? cosKernel(angle, angleLo) : sinKernel(angle, angleLo);
  return quarter & 2 ? -value : value;
}

/** Cosine of an angle in radians, |x| <= 2^28. */
export function cos(x: number): number {
  const quarter = reduceAngle(x) + 1;
  const value = quarter & 1 ? cosKernel(angle, angleLo) : sinKernel(angle, angleLo);
  return quarter & 2 ? -value : value;
}
