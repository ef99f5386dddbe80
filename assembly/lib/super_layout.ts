import { Bytes } from './bytes';

/**
 * The K quants' super-blocks of 256 columns. Scales and mins are small integers, int32 in their lanes. The head holds float32
 * numbers that multiply a row's scales and mins: | 16 d | 16 dmin, if the type has mins |.
 */
@unmanaged
export class Super {
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

  @inline
  get hasFloatScales(): bool {
    return false;
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
