import { Masks } from './lib/constants';
import { scratch } from './lib/scratch';
import { Group } from './lib/simd';

/** Rows in one item of a matmul, and the multiple to which packed weights are padded: four groups of four. */
export const ITEM_ROWS: u32 = 16;

export function rows_per_item(): u32 {
  return ITEM_ROWS;
}

/** Bytes of one packed item. */
export function itemBytes<Q>(cols: u32): u32 {
  return (cols / changetype<Q>(0).span) * unitBytes<Q>();
}

/** Bytes of a unit. */
export function unitBytes<Q>(): u32 {
  const q = changetype<Q>(0);
  return q.headBytes + (q.span / 32) * blockBytes<Q>();
}

/** Bytes of 32 columns. */
export function blockBytes<Q>(): u32 {
  const q = changetype<Q>(0);
  return 4 * q.levelBytes + q.tailBytes;
}

export function packedBytes<Q>(rows: u32, cols: u32): f64 {
  return <f64>((rows + ITEM_ROWS - 1) / ITEM_ROWS) * <f64>itemBytes<Q>(cols);
}

/**
 * File rows [rowBegin, rowEnd) at `src` → their place in the packed tensor at `dst`. rowBegin is a multiple of rows_per_item,
 * rowEnd too or the last. Padding repeats the last row: it is multiplied but never stored.
 */
export function pack<Q>(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  const q = changetype<Q>(0);
  const rowBytes = (cols / q.fileSpan) * q.fileBytes;
  const packedBytes = (q.fileSpan / q.span) * unitBytes<Q>(); // of a file's blocks, one of each of 16 rows
  const stretch = max(1, NEAR_BYTES / packedBytes) * q.fileBytes;
  const near = scratch() + GROUPS_BYTES;
  let to = dst + (rowBegin / ITEM_ROWS) * itemBytes<Q>(cols);
  for (let row = rowBegin; row < rowEnd; row += ITEM_ROWS) {
    for (let begin: u32 = 0; begin < rowBytes; begin += stretch) {
      const end = min(begin + stretch, rowBytes);
      for (let quad: u32 = 0; quad < 4; quad++) {
        const r0 = row + 4 * quad;
        const f0 = src + (min(r0, rows - 1) - rowBegin) * rowBytes;
        const f1 = src + (min(r0 + 1, rows - 1) - rowBegin) * rowBytes;
        const f2 = src + (min(r0 + 2, rows - 1) - rowBegin) * rowBytes;
        const f3 = src + (min(r0 + 3, rows - 1) - rowBegin) * rowBytes;
        for (let file = begin, unit = near; file < end; file += q.fileBytes, unit += packedBytes)
          packUnit<Q>(unit, quad, f0 + file, f1 + file, f2 + file, f3 + file);
      }
      const bytes = ((end - begin) / q.fileBytes) * packedBytes;
      memory.copy(to, near, bytes);
      to += bytes;
    }
  }
}

/** Eight groups. */
const GROUPS_BYTES: u32 = 128;

/** So much is packed near the thread and goes to its place in one sweep: a single store to memory fetches what it overwrites first. */
const NEAR_BYTES: u32 = 8192;

/** One file block of each of four rows → one quad's part of a unit, or of several. */
function packUnit<Q>(unit: usize, quad: u32, f0: usize, f1: usize, f2: usize, f3: usize): void {
  const q = changetype<Q>(0);
  const groups = scratch();
  let block = unit + q.headBytes;
  const tail = block + 4 * q.levelBytes;
  q.packScales(f0, unit, tail, 4 * quad, blockBytes<Q>());
  q.packScales(f1, unit, tail, 4 * quad + 1, blockBytes<Q>());
  q.packScales(f2, unit, tail, 4 * quad + 2, blockBytes<Q>());
  q.packScales(f3, unit, tail, 4 * quad + 3, blockBytes<Q>());
  block += quad * q.levelBytes;
  if (isDefined(q.nibblesAt)) {
    const at = q.nibblesAt;
    Group.interleave(groups, v128.load(f0 + at), v128.load(f1 + at), v128.load(f2 + at), v128.load(f3 + at));
    packPairs(groups, block);
    return;
  }
  for (let b: u32 = 0; b < q.fileSpan / 32; b++) {
    for (let half: u32 = 0; half < 2; half++) {
      const l0 = q.fileLevels(f0, b, half);
      const l1 = q.fileLevels(f1, b, half);
      const l2 = q.fileLevels(f2, b, half);
      const l3 = q.fileLevels(f3, b, half);
      Group.interleave(groups + 64 * half, l0, l1, l2, l3);
    }
    q.packLevels(groups, block);
    block += blockBytes<Q>();
  }
}

/** Nibbles (lib/bits.ts) of four groups that hold two each, as files have them: groups 0 … 3 in their low bits, 4 … 7 in the high ones. */
function packPairs(pairs: usize, to: usize): void {
  const low = Masks.byte(0x0f);
  for (let i = 0; i < 4; i += 2) {
    const first = v128.load(pairs + 16 * i);
    const second = v128.load(pairs + 16 * i, 16);
    v128.store(to + 8 * i, v128.bitselect(first, i16x8.shl(second, 4), low));
    v128.store(to + 8 * i, v128.bitselect(i16x8.shr_u(first, 4), second, low), 32);
  }
}
