import { Nibbles, Threes } from './bits';
import { Bytes } from './bytes';
import { Masks } from './constants';
import { Block256Whole, Super } from './super_layout';
import { Tables } from './tables';

/**
 * Super-blocks whose weights are rows of a grid. A grid has few numbers, so memory holds no rows: a weight is a small integer, and a table says
 * what it stands for when it is unpacked. Looking rows up there instead takes 2.4 bits a weight where levels take 3.4, and twice the time (SPEED.md).
 * Scales are 2 * s + 1, s of 3 or 4 bits.
 */

/** A scale for every 16 columns; a block's tail is 16 bytes: bits 0-3 s of its first half, bits 4-7 of its second. */
@unmanaged
export class Block256Odds extends Super {
  @inline
  get headBytes(): u32 {
    return 64;
  }

  @inline
  get tailBytes(): u32 {
    return 16;
  }

  @inline
  get subs(): u32 {
    return 2;
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
  scale(tail: usize, quad: u32, sub: u32): v128 {
    const both = v128.load(tail);
    const s = v128.and(sub ? i16x8.shr_u(both, 4) : both, Masks.byte(0x0f));
    return Bytes.unsigned(Bytes.swizzle(Tables.odds, s), quad);
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return i32x4.splat(0);
  }
}

/** Of IQ2_XS and IQ2_S. Levels are 0, 1, 2 for the magnitudes 8, 25, 43; 4, 5, 6 for these negative. */
@unmanaged
export class Block256Threes extends Block256Odds {
  @inline
  get levelBytes(): u32 {
    return 48;
  }

  @inline
  get offset(): i32 {
    return 64;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(Tables.iq2, Threes.of(from, g));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Threes.pack(groups, to);
  }
}

/** 4-bit levels, of which bit 3 is the sign; a scale for every 32 columns, i8 in the tail. */
@unmanaged
export class Block256Nibbles extends Block256Whole {
  @inline
  get levelBytes(): u32 {
    return 64;
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
  packLevels(groups: usize, to: usize): void {
    Nibbles.pack(groups, to);
  }
}
