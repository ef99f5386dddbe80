import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { dotKind, SEVEN_BIT, SIGNED } from '../lib/dot_kind';
import { Half } from '../lib/half';
import { Bytes } from '../lib/bytes';
import { Block256Whole } from '../lib/super_layout';
import { MatmulRecord } from '../lib/matmul_record';
import { Tables } from '../lib/tables';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ4_XS: w = d * (scale - 32) * value, the levels of IQ4_NL, a 6-bit scale per 32 columns.
 *
 *     file, 136 bytes:            | d f16 | bits 4, 5 of 8 scales u16 | bits 0-3 of 8 scales u32 | 128 bytes of nibbles |
 *                                 16 bytes of nibbles serve a block: bits 0-3 are k 0 … 15, bits 4-7 are k 16 … 31
 *     packed head:     | 16 d f32 |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales i8 |     lib/bits.ts draws nibbles
 */
@unmanaged
class IQ4_XS<T> extends Block256Whole {
  @inline
  get fileBytes(): u32 {
    return 136;
  }

  @inline
  get levelBytes(): u32 {
    return 64;
  }

  @inline
  get isWide(): bool {
    return true;
  }

  @inline
  get offset(): i32 {
    return isSigned<T>() ? 0 : 128;
  }

  @inline
  get splits(): bool {
    return sizeof<T>() == 2;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(isSigned<T>() ? Tables.uneven : Tables.unevenPlus, Nibbles.of(from, g));
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load(file + 16 * b, 8);
    return Nibbles.half(raw, half);
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Nibbles.pack(groups, to);
  }

  @inline
  packScales(file: usize, head: usize, tail: usize, row: u32, stride: u32): void {
    store<f32>(head + 4 * row, Half.toFloat(load<u16>(file)));
    for (let b: u32 = 0; b < 8; b++) {
      const low = (load<u32>(file, 4) >> (4 * b)) & 15;
      const high = ((<u32>load<u16>(file, 2)) >> (2 * b)) & 3;
      store<i8>(tail + b * stride + row, <i8>(low | (high << 4)) - 32);
    }
  }
}

export function matmul_iq4_xs(record: MatmulRecord, begin: u32, end: u32): void {
  const kind = dotKind();
  if (!ASC_FEATURE_RELAXED_SIMD || kind == SIGNED) matmul<IQ4_XS<i8>, Exact>(record, begin, end);
  else if (kind == SEVEN_BIT) matmul<IQ4_XS<u16>, Exact>(record, begin, end);
  else matmul<IQ4_XS<u8>, Exact>(record, begin, end);
}

export function embed_iq4_xs(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ4_XS<i8>>(record, begin, end);
}

export function pack_iq4_xs(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ4_XS<i8>>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq4_xs(rows: u32, cols: u32): f64 {
  return packedBytes<IQ4_XS<i8>>(rows, cols);
}
