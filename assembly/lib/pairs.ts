import { ITEM_ROWS } from '../pack';

/** Two columns of an item of whole numbers of 16 bits, drawn in quants/levels16.ts. */
export const PAIR_BYTES: u32 = 4 * ITEM_ROWS;

/** Bytes of an item. */
export function pairedBytes(cols: u32): u32 {
  return PAIR_BYTES * ((cols + 1) / 2);
}
