/** The instance's own scratch memory; every thread has its own instance, so this is not shared. */
let base: usize = 0;

/**
 * 15 in every byte. V8 makes a vector constant anew, in three instructions, wherever it is used; one that it cannot know is a load.
 * It cost a third of the speed of the 4-bit types.
 */
let fifteen: v128 = i8x16.splat(0);

/** Called once per instance, before any kernel runs; 16-byte aligned. */
export function set_scratch(address: usize): void {
  base = address;
  fifteen = i8x16.splat(15);
}

export function scratch(): usize {
  return base;
}

/** Enough to pack, gather from and multiply matrices of up to that many columns: four rows as floats take most. */
export function scratch_bytes(maxCols: u32): u32 {
  return 256 + 16 * maxCols;
}

export class Constants {
  @inline
  static get fifteen(): v128 {
    return fifteen;
  }
}
