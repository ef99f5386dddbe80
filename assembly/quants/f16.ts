import { EmbedRecord } from '../embed';
import { fixedEmbed, fixedMatmul } from '../fixed_matmul';
import { fixedPack, fixedPackedBytes } from '../fixed_pack';
import { Half } from '../lib/half';
import { MatmulRecord } from '../lib/matmul_record';

/** Half precision, drawn in lib/half.ts. */
@unmanaged
class F16 {
  @inline
  part4(at: usize): v128 {
    return Half.load4(at);
  }

  @inline
  get factor(): f32 {
    return Half.factor;
  }

  /** In parts an infinity is 65536, and a NaN more. */
  @inline
  finite(_sum: v128, max: v128): v128 {
    return f32x4.lt(max, f32x4.splat(65536 / Half.factor));
  }

  @inline
  load4(at: usize): v128 {
    return f32x4.mul(Half.load4(at), f32x4.splat(this.factor));
  }
}

export function matmul_f16(record: MatmulRecord, begin: u32, end: u32): void {
  fixedMatmul(record, begin, end);
}

export function embed_f16(record: EmbedRecord, begin: u32, end: u32): void {
  fixedEmbed(record, begin, end);
}

export function pack_f16(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  fixedPack<F16>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_f16(rows: u32, cols: u32): f64 {
  return fixedPackedBytes(rows, cols);
}
