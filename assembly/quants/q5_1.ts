import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Fives, Nibbles } from '../lib/bits';
import { Block32WithMins } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { Spread } from '../lib/spread';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q5_1: w = scale * level + min, 5-bit levels, one scale and min per 32 columns.
 *
 *     file, 24 bytes:             | scale f16 | min f16 | 32 bits: the fifth bits | 16 bytes: bits 0-3 are k 0 … 15, bits 4-7 are k 16 … 31 |
 *     packed block:    | levels of 4 quads: fives | 16 scales f16 | 16 mins f16 |     lib/bits.ts draws fives
 */
@unmanaged
class Q5_1 extends Block32WithMins {
  @inline
  get fileBytes(): u32 {
    return 24;
  }

  @inline
  get levelBytes(): u32 {
    return 80;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Fives.of(from, g);
  }

  @inline
  fileLevels(file: usize, _b: u32, half: u32): v128 {
    const raw = v128.load(file, 8);
    return v128.or(Nibbles.half(raw, half), Spread.ones(load<u16>(file + 4 + 2 * half), 16));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Fives.pack(groups, to);
  }
}

export function matmul_q5_1(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q5_1, Exact>(record, begin, end);
}

export function embed_q5_1(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q5_1>(record, begin, end);
}

export function pack_q5_1(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q5_1>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q5_1(rows: u32, cols: u32): f64 {
  return packedBytes<Q5_1>(rows, cols);
}
