import { EmbedRecord } from '../embed';
import { floatEmbed, floatMatmul, floatPack, floatPackedBytes } from '../float_matmul';
import { MatmulRecord } from '../lib/matmul_record';

export function matmul_f32(record: MatmulRecord, begin: u32, end: u32): void {
  floatMatmul(record, begin, end);
}

export function embed_f32(record: EmbedRecord, begin: u32, end: u32): void {
  floatEmbed(record, begin, end);
}

export function pack_f32(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  floatPack(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_f32(rows: u32, cols: u32): f64 {
  return floatPackedBytes(rows, cols);
}
