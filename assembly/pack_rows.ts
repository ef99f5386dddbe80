import { Record } from './lib/record';
import { ITEM_ROWS } from './pack';

@unmanaged
class PackRowsRecord extends Record {
  pack: u32; // index of pack_<type> in the function table
  src: usize; // rows [rowBegin, rowEnd) as they lie in the file
  dst: usize; // the whole packed matrix
  rowBegin: u32;
  rowEnd: u32;
  rows: u32;
  cols: u32;
  rowBytes: u32; // in the file
  blockBytes: u32;
  halves: u32; // offset of the first f16 number, or exponent, in a block
  nHalves: u32; // side by side; 0 where the weights themselves are floats
  scaleMask: u32; // the bits there that count
  infinity: u32; // bits of infinity in these halves or floats; the least exponent that may be too large
  damaged: u32; // becomes 1 when one of them is infinite or NaN
}

/**
 * Packs one piece of a matrix while a model loads; an item is 16 rows, so that all threads share the work. Scales and floats that are
 * infinite or NaN are found here: packed halves count as finite (lib/half.ts), and so do levels made of floats.
 */
export function pack_rows(record: PackRowsRecord, begin: u32, end: u32): void {
  const first = record.rowBegin + begin * ITEM_ROWS;
  const last = min(record.rowBegin + end * ITEM_ROWS, record.rowEnd);
  const src = record.src + begin * ITEM_ROWS * record.rowBytes;
  const bytes = (last - first) * record.rowBytes;
  const largest = record.nHalves
    ? largestHalf(record, src, src + bytes)
    : largestFloat(src, src + bytes, record.blockBytes);
  if (largest >= record.infinity) record.damaged = 1;
  call_indirect<void>(record.pack, src, record.dst, first, last, record.rows, record.cols);
}

/** Largest magnitude of the f16 numbers, or exponents, in file rows, as bits: their order is the numbers', then infinity, then NaNs. */
function largestHalf(record: PackRowsRecord, src: usize, end: usize): u32 {
  const wide = record.scaleMask > 0xffff;
  let largest: u32 = 0;
  for (let h: u32 = 0; h < record.nHalves; h++) {
    for (let at = src + record.halves + 2 * h; at < end; at += record.blockBytes) {
      largest = max(largest, (wide ? load<u32>(at) : <u32>load<u16>(at)) & record.scaleMask);
    }
  }
  return largest;
}

/** The same of floats of 2 or 4 bytes, side by side. */
function largestFloat(src: usize, end: usize, floatBytes: u32): u32 {
  let most = i32x4.splat(0);
  let at = src;
  if (floatBytes == 4) {
    for (; at + 16 <= end; at += 16) most = i32x4.max_u(most, v128.and(v128.load(at), i32x4.splat(0x7fffffff)));
  } else {
    for (; at + 16 <= end; at += 16) most = i16x8.max_u(most, v128.and(v128.load(at), i16x8.splat(0x7fff)));
    most = i32x4.max_u(v128.and(most, i32x4.splat(0xffff)), i32x4.shr_u(most, 16));
  }
  most = i32x4.max_u(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
  most = i32x4.max_u(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2));
  let largest = <u32>i32x4.extract_lane(most, 0);
  for (; at < end; at += floatBytes) {
    const bits = floatBytes == 4 ? load<u32>(at) & 0x7fffffff : (<u32>load<u16>(at)) & 0x7fff;
    largest = max(largest, bits);
  }
  return largest;
}

export function pack_rows_items(record: PackRowsRecord): u32 {
  return (record.rowEnd - record.rowBegin + ITEM_ROWS - 1) / ITEM_ROWS;
}
