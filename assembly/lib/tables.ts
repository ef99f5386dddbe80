/** What 4-bit levels of uneven types stand for, one vector a table. Like masks they are loaded: lib/constants.ts says why. */
let uneven: v128 = i8x16.splat(0);
let unevenPlus: v128 = i8x16.splat(0);
let tinyFloats: v128 = i8x16.splat(0);

/** Before any kernel runs. */
export function setTables(): void {
  uneven = i8x16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
  unevenPlus = i8x16.add(uneven, i8x16.splat(-128));
  tinyFloats = i8x16(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4);
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

  /** Of mxfp4, twice the floats of 4 bits, plus 16. */
  @inline
  static get tinyFloats(): v128 {
    return tinyFloats;
  }
}
