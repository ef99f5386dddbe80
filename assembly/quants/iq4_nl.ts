import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { dotKind, SEVEN_BIT, SIGNED } from '../lib/dot_kind';
import { Bytes } from '../lib/bytes';
import { Block32 } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { Tables } from '../lib/tables';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * IQ4_NL: w = scale * value, 4-bit levels that stand for 16 values from -127 to 113, one scale per 32 columns.
 *
 *     file, 18 bytes:             | scale f16 | 16 bytes: bits 0-3 are k 0 … 15, bits 4-7 are k 16 … 31 |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales f16 |     lib/bits.ts draws nibbles
 *
 * Values become what the machine multiplies (T, see quants/q8_0.ts) only when they are unpacked: all kinds share one packed form.
 */
@unmanaged
class IQ4_NL<T> extends Block32 {
  @inline
  get fileBytes(): u32 {
    return 18;
  }

  @inline
  get levelBytes(): u32 {
    return 64;
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
  get nibblesAt(): usize {
    return 2;
  }
}

export function matmul_iq4_nl(record: MatmulRecord, begin: u32, end: u32): void {
  const kind = dotKind();
  if (!ASC_FEATURE_RELAXED_SIMD || kind == SIGNED) matmul<IQ4_NL<i8>, Exact>(record, begin, end);
  else if (kind == SEVEN_BIT) matmul<IQ4_NL<u16>, Exact>(record, begin, end);
  else matmul<IQ4_NL<u8>, Exact>(record, begin, end);
}

export function embed_iq4_nl(record: EmbedRecord, begin: u32, end: u32): void {
  embed<IQ4_NL<i8>>(record, begin, end);
}

export function pack_iq4_nl(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<IQ4_NL<i8>>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_iq4_nl(rows: u32, cols: u32): f64 {
  return packedBytes<IQ4_NL<i8>>(rows, cols);
}
