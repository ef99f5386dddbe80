/**
 * Masks for inner loops. V8 makes a vector constant anew wherever it is used, in three instructions; one that the compilers
 * cannot know is a load, or stays in a register. It made the 4-bit mat-vec 1.3 times as fast (Node 24, Zen 5).
 */
let x03: v128 = i8x16.splat(0);
let x04: v128 = i8x16.splat(0);
let x0f: v128 = i8x16.splat(0);
let x10: v128 = i8x16.splat(0);
let x30: v128 = i8x16.splat(0);
let half: v128 = i8x16.splat(0);

/** Before any kernel runs. */
export function setConstants(): void {
  x03 = i8x16.splat(0x03);
  x04 = i8x16.splat(0x04);
  x0f = i8x16.splat(0x0f);
  x10 = i8x16.splat(0x10);
  x30 = i8x16.splat(0x30);
  half = i32x4.splat(<i32>0x8fffffff);
}

export class Masks {
  /** Bits 0-3 of each byte. */
  @inline
  static get nibble(): v128 {
    return x0f;
  }

  /** Bits `at` and at + 1 of each byte, for the two places at which they are wanted: 0 and 4. */
  @inline
  static pair(at: i32): v128 {
    return at == 0 ? x03 : x30;
  }

  /** Bit `at` of each byte, for the two places at which it is wanted: 2 and 4. */
  @inline
  static bit(at: i32): v128 {
    return at == 2 ? x04 : x10;
  }

  /** Sign, and the fields of a half that was shifted to where a float32 keeps its own. */
  @inline
  static get half(): v128 {
    return half;
  }
}
