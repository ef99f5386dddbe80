import { Ones, Twos } from './bits';
import { Masks } from './constants';
import { Half } from './half';
import { SixBits } from './six_bits';

/**
 * The common part of all packed layouts of quantised weights; ARCHITECTURE.md draws one block on real numbers. 16 rows are an
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
 *     isWide      whether integer sums of super-blocks may have more than 24 bits, see lib/super_blocks.ts
 *     levels(from, g)                       group g of a quad's levels, see lib/simd.ts
 *     scale(tail, quad, sub), min(…)        of a quad's four rows, each in its lane; what they are is said below
 *     fileLevels(file, b, half)             16 stored levels of block b from a block of the file
 *     packLevels(groups, to), packScales(file, head, tail, row, stride)     what the file's block becomes; tails lie `stride` apart
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

/**
 * The K quants' super-blocks of 256 columns. Scales and mins are small integers, int32 in their lanes. The head holds float32
 * numbers that multiply a row's scales and mins: | 16 d | 16 dmin, if the type has mins |.
 */
@unmanaged
class Super {
  @inline
  get span(): u32 {
    return 256;
  }

  @inline
  get fileSpan(): u32 {
    return 256;
  }

  @inline
  get hasScales(): bool {
    return true;
  }
}

/** Those with a tail of 32 bytes. */
@unmanaged
export class Block256 extends Super {
  @inline
  get tailBytes(): u32 {
    return 32;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  get isWide(): bool {
    return false;
  }
}

/** Super-blocks without mins with a signed scale for every 32 columns: a tail of 16 scales i8. */
@unmanaged
export class Block256Whole extends Super {
  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  get headBytes(): u32 {
    return 64;
  }

  @inline
  get hasMins(): bool {
    return false;
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return i32x4.splat(0);
  }

  @inline
  get tailBytes(): u32 {
    return 16;
  }

  @inline
  scale(tail: usize, quad: u32, _sub: u32): v128 {
    return Bytes.signed(v128.load(tail), quad);
  }
}

/** One scale for all columns, in the head: no tail. Of stored levels 1 is the true 0. */
@unmanaged
class OneScale {
  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  get headBytes(): u32 {
    return 64;
  }

  @inline
  get tailBytes(): u32 {
    return 0;
  }

  @inline
  get offset(): i32 {
    return 1;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  get isWide(): bool {
    return false;
  }

  @inline
  get hasMins(): bool {
    return false;
  }

  @inline
  get hasScales(): bool {
    return false;
  }

  @inline
  scale(_tail: usize, _quad: u32, _sub: u32): v128 {
    return i32x4.splat(1);
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return i32x4.splat(0);
  }
}

/** 128 columns whose levels are 0 or 2. */
@unmanaged
export class Block128Ones extends OneScale {
  @inline
  get span(): u32 {
    return 128;
  }

  @inline
  get fileSpan(): u32 {
    return 128;
  }

  @inline
  get levelBytes(): u32 {
    return 16;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Ones.of(from, g);
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Ones.pack(groups, to);
  }
}

/** 256 columns with levels 0 … 3. */
@unmanaged
export class Block256Twos extends OneScale {
  @inline
  get span(): u32 {
    return 256;
  }

  @inline
  get fileSpan(): u32 {
    return 256;
  }

  @inline
  get levelBytes(): u32 {
    return 32;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Twos.of(from, g);
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Twos.pack(groups, to);
  }
}

/** Super-blocks with signed scales for every 16 columns; a block's tail is 16 scales i8 of its first half | 16 of its second. */
@unmanaged
export class Block256Signed extends Block256 {
  @inline
  get subs(): u32 {
    return 2;
  }

  @inline
  get headBytes(): u32 {
    return 64;
  }

  @inline
  get hasMins(): bool {
    return false;
  }

  @inline
  scale(tail: usize, quad: u32, sub: u32): v128 {
    return Bytes.signed(v128.load(tail + 16 * sub), quad);
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return i32x4.splat(0);
  }
}

/** Super-blocks with mins. */
@unmanaged
export class Block256WithMins extends Block256 {
  @inline
  get headBytes(): u32 {
    return 128;
  }

  @inline
  get offset(): i32 {
    return 0;
  }

  @inline
  get hasMins(): bool {
    return true;
  }
}

/** Super-blocks with a 6-bit scale and min for every 32 columns: a tail of 16 scales u8 | 16 mins u8. */
@unmanaged
export class Block256SixBits extends Block256WithMins {
  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  scale(tail: usize, quad: u32, _sub: u32): v128 {
    return Bytes.unsigned(v128.load(tail), quad);
  }

  @inline
  min(tail: usize, quad: u32, _sub: u32): v128 {
    return Bytes.unsigned(v128.load(tail, 16), quad);
  }

  /** A file's block begins with d, dmin and 12 bytes of scales and mins. */
  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)));
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 2)), 64);
    for (let b: u32 = 0; b < 8; b++) {
      store<u8>(tail + b * stride + row, SixBits.scale(file + 4, b));
      store<u8>(tail + b * stride + row, SixBits.min(file + 4, b), 16);
    }
  }
}

/** 16 bytes, one per row of an item → four of them as int32. */
export class Bytes {
  @inline
  static unsigned(bytes: v128, quad: u32): v128 {
    return Bytes.swizzle(bytes, Masks.low(quad));
  }

  @inline
  static signed(bytes: v128, quad: u32): v128 {
    return i32x4.shr_s(Bytes.swizzle(bytes, Masks.top(quad)), 24);
  }

  @inline
  static swizzle(bytes: v128, mask: v128): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(bytes, mask) : i8x16.swizzle(bytes, mask);
  }
}
