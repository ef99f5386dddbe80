/**
 * Masks for inner loops. V8 makes a vector constant anew at each use, in three instructions. A mask that compilers cannot
 * know is a load, or stays in a register: that made the 4-bit mat-vec 1.3 times as fast (Node 24, Zen 5).
 */
let x02: v128 = i8x16.splat(0);
let x03: v128 = i8x16.splat(0);
let x04: v128 = i8x16.splat(0);
let x07: v128 = i8x16.splat(0);
let x08: v128 = i8x16.splat(0);
let x0c: v128 = i8x16.splat(0);
let x0f: v128 = i8x16.splat(0);
let x10: v128 = i8x16.splat(0);
let x18: v128 = i8x16.splat(0);
let x1f: v128 = i8x16.splat(0);
let x30: v128 = i8x16.splat(0);
let x3f: v128 = i8x16.splat(0);
let x40: v128 = i8x16.splat(0);
let low0: v128 = i8x16.splat(0);
let low1: v128 = i8x16.splat(0);
let low2: v128 = i8x16.splat(0);
let low3: v128 = i8x16.splat(0);
let top0: v128 = i8x16.splat(0);
let top1: v128 = i8x16.splat(0);
let top2: v128 = i8x16.splat(0);
let top3: v128 = i8x16.splat(0);
let half: v128 = i8x16.splat(0);

/** Before any kernel runs. */
export function setConstants(): void {
  x02 = i8x16.splat(0x02);
  x03 = i8x16.splat(0x03);
  x04 = i8x16.splat(0x04);
  x07 = i8x16.splat(0x07);
  x08 = i8x16.splat(0x08);
  x0c = i8x16.splat(0x0c);
  x0f = i8x16.splat(0x0f);
  x10 = i8x16.splat(0x10);
  x18 = i8x16.splat(0x18);
  x1f = i8x16.splat(0x1f);
  x30 = i8x16.splat(0x30);
  x3f = i8x16.splat(0x3f);
  x40 = i8x16.splat(0x40);
  low0 = toByte(0, 0);
  low1 = toByte(1, 0);
  low2 = toByte(2, 0);
  low3 = toByte(3, 0);
  top0 = toByte(0, 3);
  top1 = toByte(1, 3);
  top2 = toByte(2, 3);
  top3 = toByte(3, 3);
  half = i32x4.splat(<i32>0x8fffffff);
}

/** A swizzle's indices; those above 127 give 0. */
function toByte(quad: u32, byte: u32): v128 {
  const first = (quad << 2) << (8 * byte);
  const lanes = i32x4.shl(i32x4(0, 1, 2, 3), 8 * byte);
  const others = i32x4.splat(0x80808080 & ~(0xff << (8 * byte)));
  return v128.or(i32x4.add(i32x4.splat(first), lanes), others);
}

export class Masks {
  /** The same byte 16 times, for the bytes listed above. */
  @inline
  static byte(byte: u32): v128 {
    if (byte == 0x02) return x02;
    if (byte == 0x03) return x03;
    if (byte == 0x04) return x04;
    if (byte == 0x07) return x07;
    if (byte == 0x08) return x08;
    if (byte == 0x0c) return x0c;
    if (byte == 0x0f) return x0f;
    if (byte == 0x10) return x10;
    if (byte == 0x18) return x18;
    if (byte == 0x1f) return x1f;
    if (byte == 0x30) return x30;
    if (byte == 0x3f) return x3f;
    return x40;
  }

  /** Swizzles byte 4 * quad + i to the lowest byte of 32-bit lane i, the other bytes become 0. */
  @inline
  static low(quad: u32): v128 {
    return quad == 0 ? low0 : quad == 1 ? low1 : quad == 2 ? low2 : low3;
  }

  /** The same to the highest byte. */
  @inline
  static top(quad: u32): v128 {
    return quad == 0 ? top0 : quad == 1 ? top1 : quad == 2 ? top2 : top3;
  }

  /** Sign, and the fields of a half that was shifted to where a float32 keeps its own. */
  @inline
  static get half(): v128 {
    return half;
  }
}
