import { setConstants } from './constants';

/** The instance's own scratch memory; every thread has its own instance, so this is not shared. */
let base: usize = 0;

/** Called once per instance, before any kernel runs; 16-byte aligned. */
export function set_scratch(address: usize): void {
  base = address;
  setConstants();
}

export function scratch(): usize {
  return base;
}

/**
 * Enough to pack, gather from and multiply matrices of up to that many columns: two panels of the plain build take most, sums of
 * lib/mat_vec.ts the rest.
 */
export function scratch_bytes(maxCols: u32): u32 {
  return 16384 + 21 * maxCols + RECORD_BYTES;
}

const RECORD_BYTES: u32 = 128;

/** Room for the record of a kernel that another kernel calls for matrices of so many columns: behind all that it uses. */
export function innerRecord(cols: u32): usize {
  return base + ((scratch_bytes(cols) - RECORD_BYTES) & ~3);
}
