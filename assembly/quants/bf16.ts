import { EmbedRecord } from '../embed';
import { fixedEmbed, fixedMatmul } from '../fixed_matmul';
import { fixedPack, fixedPackedBytes } from '../fixed_pack';
import { MatmulRecord } from '../lib/matmul_record';

/** The upper half of a float32: sign 1 | exponent 8 | fraction 7. */
@unmanaged
class BF16 {
  @inline
  part4(at: usize): v128 {
    return this.load4(at);
  }

  @inline
  get factor(): f32 {
    return 1;
  }

  @inline
  finite(sum: v128, _max: v128): v128 {
    return f32x4.lt(sum, f32x4.splat(Infinity));
  }

  @inline
  load4(at: usize): v128 {
    return i32x4.shl(v128.load_ext<u16>(at), 16);
  }
}

export function matmul_bf16(record: MatmulRecord, begin: u32, end: u32): void {
  fixedMatmul(record, begin, end);
}

export function embed_bf16(record: EmbedRecord, begin: u32, end: u32): void {
  fixedEmbed(record, begin, end);
}

export function pack_bf16(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  fixedPack<BF16>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_bf16(rows: u32, cols: u32): f64 {
  return fixedPackedBytes(rows, cols);
}
