import { scratch } from './lib/scratch';
import { Group } from './lib/simd';

/** Rows in one item of a matmul, and the multiple to which packed weights are padded: four groups of four. */
export const ITEM_ROWS: u32 = 16;

export function rows_per_item(): u32 {
  return ITEM_ROWS;
}

/** Bytes of four packed rows. */
export function quadBytes<Q>(cols: u32): u32 {
  const q = changetype<Q>(0);
  return (cols / q.span) * (q.headBytes + (q.span / 32) * q.blockBytes);
}

export function packedRows(rows: u32): u32 {
  return (rows + ITEM_ROWS - 1) & ~(ITEM_ROWS - 1);
}

export function packedBytes<Q>(rows: u32, cols: u32): f64 {
  return <f64>(packedRows(rows) / 4) * <f64>quadBytes<Q>(cols);
}

/**
 * File rows [rowBegin, rowEnd) at `src` → their place in the packed tensor at `dst`. rowBegin is a multiple of rows_per_item,
 * rowEnd too or the last. Padding repeats the last row: it is multiplied but never stored.
 */
export function pack<Q>(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  const q = changetype<Q>(0);
  const rowBytes = (cols / q.span) * q.fileBytes;
  const end = rowEnd < rows ? rowEnd : packedRows(rows);
  const headsBytes = (cols / q.span) * q.headBytes;
  let quad = dst + (rowBegin / 4) * quadBytes<Q>(cols);
  for (let row = rowBegin; row < end; row += 4) {
    let r0 = src + (min(row, rows - 1) - rowBegin) * rowBytes;
    let r1 = src + (min(row + 1, rows - 1) - rowBegin) * rowBytes;
    let r2 = src + (min(row + 2, rows - 1) - rowBegin) * rowBytes;
    let r3 = src + (min(row + 3, rows - 1) - rowBegin) * rowBytes;
    let head = quad;
    let block = quad + headsBytes;
    for (let next = r0 + rowBytes; r0 < next;) {
      packUnit<Q>(head, block, r0, r1, r2, r3);
      head += q.headBytes;
      block += (q.span / 32) * q.blockBytes;
      r0 += q.fileBytes;
      r1 += q.fileBytes;
      r2 += q.fileBytes;
      r3 += q.fileBytes;
    }
    quad = block;
  }
}

/** One file block of each of four rows → one unit. */
function packUnit<Q>(head: usize, block: usize, r0: usize, r1: usize, r2: usize, r3: usize): void {
  const q = changetype<Q>(0);
  const groups = scratch();
  q.packScales(r0, head, block, 0);
  q.packScales(r1, head, block, 1);
  q.packScales(r2, head, block, 2);
  q.packScales(r3, head, block, 3);
  for (let b: u32 = 0; b < q.span / 32; b++) {
    for (let half: u32 = 0; half < 2; half++) {
      const l0 = q.fileLevels(r0, b, half);
      const l1 = q.fileLevels(r1, b, half);
      const l2 = q.fileLevels(r2, b, half);
      const l3 = q.fileLevels(r3, b, half);
      Group.interleave(groups + 64 * half, l0, l1, l2, l3);
    }
    q.packLevels(groups, block);
    block += q.blockBytes;
  }
}
