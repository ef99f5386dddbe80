import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Twos } from '../lib/bits';
import { Masks } from '../lib/constants';
import { Half } from '../lib/half';
import { Bytes } from '../lib/bytes';
import { Block256WithMins } from '../lib/super_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q2_K: w = d * scale * level - dmin * min, 2-bit levels, a 4-bit scale and min per 16 columns.
 *
 *     file, 84 bytes:             | 16 bytes: bits 0-3 scale, bits 4-7 min | 64 bytes of levels | d f16 | dmin f16 |
 *                                 32 bytes of levels serve four blocks, bits 2j and 2j + 1 the j-th
 *     packed head:     | 16 d f32 | 16 dmin f32 |
 *     packed block:    | levels of 4 quads: twos | 16 scales and mins of the first half | 16 of the second |     lib/bits.ts draws twos
 */
@unmanaged
class Q2_K extends Block256WithMins {
  @inline
  get fileBytes(): u32 {
    return 84;
  }

  @inline
  get levelBytes(): u32 {
    return 32;
  }

  @inline
  get subs(): u32 {
    return 2;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Twos.of(from, g);
  }

  @inline
  scale(tail: usize, quad: u32, sub: u32): v128 {
    return Bytes.unsigned(v128.and(v128.load(tail + 16 * sub), Masks.byte(0x0f)), quad);
  }

  @inline
  min(tail: usize, quad: u32, sub: u32): v128 {
    return Bytes.unsigned(v128.and(i16x8.shr_u(v128.load(tail + 16 * sub), 4), Masks.byte(0x0f)), quad);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load(file + 32 * (b >> 2) + 16 * half, 16);
    return v128.and(i16x8.shr_u(raw, 2 * (b & 3)), i8x16.splat(3));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Twos.pack(groups, to);
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 80)));
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file, 82)), 64);
    for (let s: u32 = 0; s < 16; s++) store<u8>(tail + (s >> 1) * stride + 16 * (s & 1) + row, load<u8>(file + s));
  }
}

export function matmul_q2_k(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<Q2_K, Exact>(record, begin, end);
}

export function embed_q2_k(record: EmbedRecord, begin: u32, end: u32): void {
  embed<Q2_K>(record, begin, end);
}

export function pack_q2_k(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<Q2_K>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q2_k(rows: u32, cols: u32): f64 {
  return packedBytes<Q2_K>(rows, cols);
}
