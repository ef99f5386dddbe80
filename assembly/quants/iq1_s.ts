import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Twos } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { Masks } from '../lib/constants';
import { Grid } from '../lib/grids';
import { Half } from '../lib/half';
import { Super } from '../lib/super_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ1_S: w = d * (2 * s + 1) * (number + 1/8 or - 1/8), from a grid of 2048 rows of 8 numbers -1 … 1; a 3-bit scale and the shift per 32 columns.
 * With stored levels 0 … 2 that is d * scale * level - d / 8 * scale * m, where m is 7 or 9.
 *
 *     file, 50 bytes:             | d f16 | 32 bytes: bits 0-7 of row numbers | 8 u16: bits 0-11 bits 8-10 of a block's four row numbers, bits 12-14 s, bit 15: - 1/8 |
 *     packed head:     | 16 d f32 | 16 d f32, eighths |
 *     packed block:    | levels of 4 quads: twos | 16 bytes: bits 0-3 2 * s + 1, bits 4-7 m |     lib/bits.ts draws twos
 */
@unmanaged
class IQ1_S extends Super {
  @inline
  get fileBytes(): u32 {
    return 50;
  }

  @inline
  get levelBytes(): u32 {
    return 32;
  }

  @inline
  get headBytes(): u32 {
    return 128;
  }

  @inline
  get tailBytes(): u32 {
    return 16;
  }

  @inline
  get subs(): u32 {
    return 1;
  }

  @inline
  get splits(): bool {
    return false;
  }

  @inline
  get isWide(): bool {
    return false;
  }

  @inline
  get offset(): i32 {
    return 0;
  }

  @inline
  get hasMins(): bool {
    return true;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Twos.of(from, g);
  }

  @inline
  scale(tail: usize, quad: u32, _sub: u32): v128 {
    return Bytes.unsigned(v128.and(v128.load(tail), Masks.byte(0x0f)), quad);
  }

  @inline
  min(tail: usize, quad: u32, sub: u32): v128 {
    const m = Bytes.unsigned(v128.and(i16x8.shr_u(v128.load(tail), 4), Masks.byte(0x0f)), quad);
    return i32x4.mul(m, this.scale(tail, quad, sub));
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const at = file + 4 * b + 2 * half;
    const high = (<u32>load<u16>(file + 2 * b, 34)) >> (6 * half);
    return Grid.eights(Grid.iq1, load<u8>(at, 2) | ((high & 7) << 8), load<u8>(at, 3) | (((high >> 3) & 7) << 8));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Twos.pack(groups, to);
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    const d = Half.toFloat(load<u16>(file));
    store<f32>(head + 4 * row, d);
    store<f32>(head + 4 * row, d / 8, 64);
    for (let b: u32 = 0; b < 8; b++) {
      const high = load<u8>(file + 2 * b, 35) >> 4;
      store<u8>(tail + b * stride + row, (2 * (high & 7) + 1) | (high & 8 ? 0x90 : 0x70));
    }
  }
}

export function matmul_iq1_s(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<IQ1_S, Exact>(record, begin, end);
}

export function embed_iq1_s(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ1_S>(record, begin, end);
}

export function pack_iq1_s(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ1_S>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq1_s(rows: u32, cols: u32): f64 {
  return packedBytes<IQ1_S>(rows, cols);
}
