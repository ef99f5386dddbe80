import { Ones, Twos } from './bits';

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
  get hasFloatScales(): bool {
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
