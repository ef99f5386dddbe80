import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { Single } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { Tables } from '../lib/tables';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * MXFP4: w = 2^(exponent - 128) * value, 4-bit levels that stand for twice the floats of 4 bits, one exponent per 32 columns.
 *
 *     file, 17 bytes:             | exponent u8 | 16 bytes: bits 0-3 are k 0 … 15, bits 4-7 are k 16 … 31 |
 *     packed block:    | levels of 4 quads: nibbles | 16 exponents u8 |     lib/bits.ts draws nibbles
 */
@unmanaged
class MXFP4 extends Single {
  @inline
  get fileBytes(): u32 {
    return 17;
  }

  @inline
  get fileSpan(): u32 {
    return 32;
  }

  @inline
  get levelBytes(): u32 {
    return 64;
  }

  @inline
  get tailBytes(): u32 {
    return 16;
  }

  @inline
  get offset(): i32 {
    return 16;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  get hasMins(): bool {
    return false;
  }

  @inline
  get factor(): f32 {
    return 0.5;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(Tables.tinyFloats, Nibbles.of(from, g));
  }

  /** Twice it, 2^(exponent - 127): the exponent of a float32 where it is no less than 1. What 0 stands for, 2^-127, is subnormal. */
  @inline
  scale(tail: usize, quad: u32, _sub: u32): v128 {
    return i32x4.max_s(i32x4.shl(Bytes.unsigned(v128.load(tail), quad), 23), i32x4.splat(0x400000));
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return f32x4.splat(0);
  }

  @inline
  get nibblesAt(): usize {
    return 1;
  }

  @inline
  packScales(file: usize, _head: usize, tail: usize, row: u32, _stride: u32): void {
    store<u8>(tail + row, load<u8>(file));
  }
}

export function matmul_mxfp4(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<MXFP4, Exact>(record, begin, end);
}

export function embed_mxfp4(record: EmbedRecord, begin: u32, end: u32): void {
  embed<MXFP4>(record, begin, end);
}

export function pack_mxfp4(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<MXFP4>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_mxfp4(rows: u32, cols: u32): f64 {
  return packedBytes<MXFP4>(rows, cols);
}
