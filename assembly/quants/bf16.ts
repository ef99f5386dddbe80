import { EmbedNode } from '../embed';
import { floatEmbed, floatMatmul, floatPack, floatPackedBytes } from '../float_matmul';
import { BF16 } from '../lib/float_types';
import { MatmulNode } from '../lib/matmul_node';

export function matmul_bf16(node: MatmulNode, begin: u32, end: u32): void {
  floatMatmul<BF16>(node, begin, end);
}

export function embed_bf16(node: EmbedNode, begin: u32, end: u32): void {
  floatEmbed<BF16>(node, begin, end);
}

export function pack_bf16(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  floatPack<BF16>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_bf16(rows: u32, cols: u32): f64 {
  return floatPackedBytes<BF16>(rows, cols);
}
