import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Twos } from '../lib/bits';
import { Scales16 } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { Spread } from '../lib/spread';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q2_0: w = scale * (level - 1), 2-bit levels, one scale per 64 columns.
 *
 *     file, 18 bytes:             | scale f16 | 16 bytes: bits 2 i and 2 i + 1 of byte j are k 4 j + i |
 *     packed block:    | levels of 4 quads: twos | 16 scales f16 |     lib/bits.ts draws twos
 */
@unmanaged
class Q2_0 extends Scales16 {
  @inline
  get fileBytes(): u32 {
    return 18;
  }

  @inline
  get fileSpan(): u32 {
    return 64;
  }

  @inline
  get levelBytes(): u32 {
    return 32;
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
  levels(from: usize, g: u32): v128 {
    return Twos.of(from, g);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    return Spread.twos(load<u32>(file + 8 * b + 4 * half, 2));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Twos.pack(groups, to);
  }

  /** The scale goes to both blocks of 32. */
  @inline
  packScales(file: usize, _head: usize, tail: usize, row: u32, stride: u32): void {
    store<u16>(tail + 2 * row, load<u16>(file));
    store<u16>(tail + stride + 2 * row, load<u16>(file));
  }
}

export function matmul_q2_0(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q2_0, Exact>(record, begin, end);
}

export function embed_q2_0(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q2_0>(record, begin, end);
}

export function pack_q2_0(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q2_0>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q2_0(rows: u32, cols: u32): f64 {
  return packedBytes<Q2_0>(rows, cols);
}
