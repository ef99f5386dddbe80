import { Half } from './half';

/**
 * The common part of all packed layouts of quantised weights; ARCHITECTURE.md draws one block on real numbers. Blocks that stand alone are
 * here, super-blocks in super_layout.ts, six_bits.ts and grid_layout.ts, those of one scale in one_scale_layout.ts. 16 rows are an
 * *item*, and four of them a *quad*. `span` columns are a *unit*: as many as one block of the file has, but 32 where that is 64. 32
 * columns are a *block*:
 *
 *     item  = | unit | unit | …
 *     unit  = | head, if the type has one | block | block | …       one block, or eight
 *     block = | levels of quad 0 | 1 | 2 | 3 | tail: scales, and mins if the type has them, of 16 rows |
 *
 * So a mat-vec, which does four quads at a time, reads memory in one sweep from end to end.
 *
 * A quant type is a class without fields, used through `changetype<Q>(0)`: each kernel is compiled once per type, with these
 * members inlined. Besides the following ones a type has
 *
 *     fileBytes   bytes of a block in the file
 *     fileSpan    its columns
 *     levelBytes  bytes of a quad's levels in a block
 *     tailBytes   bytes of a block's tail
 *     subs        scales per row and block: 1, or 2 (each for 16 columns)
 *     splits      whether a group's levels need eight bits on a machine that multiplies seven
 *     offset      what a stored level is above the true one
 *     hasMins     whether weights are scale * level + min
 *     factor      what `scale` lacks, in blocks that stand alone
 *     hasScales   whether blocks of super-blocks have scales of their own
 *     hasFloatScales  whether these are float32, as where blocks stand alone
 *     isWide      whether integer sums of super-blocks may have more than 24 bits, see lib/super_blocks.ts
 *     levels(from, g)                       group g of a quad's levels, see lib/simd.ts
 *     scale(tail, quad, sub), min(…)        of a quad's four rows, each in its lane; what they are is said below
 *     fileLevels(file, b, half)             16 stored levels of block b from a block of the file
 *     packLevels(groups, to), packScales(file, head, tail, row, stride)     what the file's block becomes; tails lie `stride` apart
 *
 * and in place of `fileLevels` and `packLevels`, where 32 levels are nibbles, k 0 … 15 the low ones and k 16 … 31 the high ones of 16 bytes,
 *
 *     nibblesAt   where these bytes lie in a block of the file
 */

/**
 * Blocks of 32 columns that stand alone. Scales and mins are float32. (No class may override a member of these: a call would then
 * look for the object's type, and there is no object.)
 */
@unmanaged
export class Single {
  @inline
  get span(): u32 {
    return 32;
  }

  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  get headBytes(): u32 {
    return 0;
  }
}

/** Scales f16; `scale` gives 2^-112 of them, see lib/half.ts. */
@unmanaged
class SingleHalves extends Single {
  @inline
  get factor(): f32 {
    return Half.factor;
  }

  @inline
  scale(tail: usize, quad: u32, _sub: u32): v128 {
    return Half.load4(tail + 8 * quad);
  }
}

/** A tail of 16 scales f16. */
@unmanaged
export class Scales16 extends SingleHalves {
  @inline
  get tailBytes(): u32 {
    return 32;
  }

  @inline
  get hasMins(): bool {
    return false;
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return f32x4.splat(0);
  }
}

/** The file has blocks of 32, too. */
@unmanaged
export class Block32 extends Scales16 {
  @inline
  get fileSpan(): u32 {
    return 32;
  }

  /** A file's block begins with its scale. */
  @inline
  packScales(file: usize, _head: usize, tail: usize, row: u32, _stride: u32): void {
    store<u16>(tail + 2 * row, load<u16>(file));
  }
}

/** A tail of 16 scales f16 | 16 mins f16. */
@unmanaged
export class Block32WithMins extends SingleHalves {
  @inline
  get fileSpan(): u32 {
    return 32;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  get tailBytes(): u32 {
    return 64;
  }

  @inline
  get offset(): i32 {
    return 0;
  }

  @inline
  get hasMins(): bool {
    return true;
  }

  @inline
  min(tail: usize, quad: u32, _sub: u32): v128 {
    return f32x4.mul(Half.load4(tail + 8 * quad, 32), f32x4.splat(Half.factor));
  }

  @inline
  packScales(file: usize, _head: usize, tail: usize, row: u32, _stride: u32): void {
    store<u16>(tail + 2 * row, load<u16>(file));
    store<u16>(tail + 2 * row, load<u16>(file, 2), 32);
  }
}
