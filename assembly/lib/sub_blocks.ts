/** A panel's sub-blocks, as the integer sums of lib/tile_dots.ts see them. They know nothing else of a type. */

/** 32 columns. */
@unmanaged
export class Whole {
  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  get splits(): bool {
    return false;
  }
}

/** 16 columns. */
@unmanaged
export class Halves {
  @inline
  get subs(): u32 {
    return 2;
  }

  @inline
  get splits(): bool {
    return false;
  }
}

/** 32 columns, multiplied in two parts on a machine that multiplies seven bits. */
@unmanaged
export class Parts {
  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  get splits(): bool {
    return true;
  }
}
