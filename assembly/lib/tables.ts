/** What levels of uneven types stand for, one vector a table. Like masks they are loaded: lib/constants.ts says why. */
let uneven: v128 = i8x16.splat(0);
let unevenPlus: v128 = i8x16.splat(0);
let tinyFloats: v128 = i8x16.splat(0);
let odds: v128 = i8x16.splat(0);
let rowBytes: v128 = i8x16.splat(0);
let iq2: v128 = i8x16.splat(0);
let iq3_xxs: v128 = i8x16.splat(0);
let iq3_s: v128 = i8x16.splat(0);

/** Before any kernel runs. */
export function setTables(): void {
  uneven = i8x16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
  unevenPlus = i8x16.add(uneven, i8x16.splat(-128));
  tinyFloats = i8x16(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4);
  odds = i8x16(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  rowBytes = ASC_FEATURE_RELAXED_SIMD
    ? i8x16(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)
    : i8x16(0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2, 3, 3);
  iq2 = i8x16(72, 89, 107, 0, 56, 39, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  iq3_xxs = i8x16(34, 38, 42, 46, 50, 54, 58, 63, 30, 26, 22, 18, 14, 10, 6, 1);
  iq3_s = i8x16(17, 19, 21, 23, 25, 27, 29, 31, 15, 13, 11, 9, 7, 5, 3, 1);
}

export class Tables {
  /** Of iq4_nl and iq4_xs. */
  @inline
  static get uneven(): v128 {
    return uneven;
  }

  /** The same plus 128. */
  @inline
  static get unevenPlus(): v128 {
    return unevenPlus;
  }

  /** Of mxfp4 and nvfp4, twice the floats of 4 bits, plus 16. */
  @inline
  static get tinyFloats(): v128 {
    return tinyFloats;
  }

  /** 2 * i + 1: what grids' types multiply by. */
  @inline
  static get odds(): v128 {
    return odds;
  }

  /** Which of a group's four rows each byte belongs to, see lib/simd.ts: makes a byte of each row a group. */
  @inline
  static get rowBytes(): v128 {
    return rowBytes;
  }

  /** The magnitudes of iq2_xxs, iq2_xs and iq2_s, then these negative, plus 64. */
  @inline
  static get iq2(): v128 {
    return iq2;
  }

  /** Those of iq3_xxs by halves, plus 32: so sums of 32 products have 24 bits. */
  @inline
  static get iq3_xxs(): v128 {
    return iq3_xxs;
  }

  /** Those of iq3_s, plus 16. */
  @inline
  static get iq3_s(): v128 {
    return iq3_s;
  }
}
