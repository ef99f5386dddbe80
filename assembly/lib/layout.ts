import { Half } from './half';

/**
 * What is common to the packed layouts of quantised weights. 16 rows are an *item*, packed as four *quads* of four rows. `span`
 * columns, as many as one block of the file has, are a *unit*: a head for each quad, if the type has one, and for every
 * 32 columns a block for each quad:
 *
 *     item = | unit 0 | unit 1 | …
 *     unit = | head of quad 0 | 1 | 2 | 3 | block of quad 0 | 1 | 2 | 3 | the next 32 columns: quad 0 | 1 | 2 | 3 | …
 *
 * So a mat-vec, which does four quads at a time, reads memory in one sweep from end to end.
 *
 * A quant type is a class without fields, used through `changetype<Q>(0)`: each kernel is compiled once per type, with these
 * members inlined. Besides the following ones a type has
 *
 *     fileBytes   bytes of a block in the file
 *     blockBytes  bytes of a packed block
 *     subs        scales per row and block: 1, or 2 (each for 16 columns)
 *     splits      whether a group's levels need eight bits on a machine that multiplies seven
 *     offset      what a stored level is above the true one
 *     hasMins     whether weights are scale * level + min
 *     levels(block, g)                                          group g of levels, see lib/simd.ts
 *     scale(head, block, sub), min(head, block, sub)            of four rows; scales times `factor` are the true ones
 *     fileLevels(file, b, half)                                 16 stored levels of block b from a block of the file
 *     packLevels(groups, block), packScales(file, head, block, row)    what the file's block becomes
 */
@unmanaged
export class Block32 {
  @inline
  get span(): u32 {
    return 32;
  }

  @inline
  get headBytes(): u32 {
    return 0;
  }

  /** Scales are halves, and what the hardware makes of them quickly is 2^-112 of their value. */
  @inline
  get factor(): f32 {
    return Half.factor;
  }

  @inline
  get splits(): bool {
    return false;
  }
}

/** Super-blocks of the K quants: small integer scales under float32 ones, which stand in the head. */
@unmanaged
export class Block256 {
  @inline
  get span(): u32 {
    return 256;
  }

  @inline
  get factor(): f32 {
    return 1;
  }

  @inline
  get splits(): bool {
    return false;
  }
}

/** Four 8-bit numbers as floats. */
export class Bytes {
  @inline
  static unsigned(at: usize, offset: usize = 0): v128 {
    return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at + offset))));
  }

  @inline
  static signed(at: usize, offset: usize = 0): v128 {
    return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(at + offset))));
  }
}
