import { embed, EmbedRecord } from '../embed';
import { Exact, Fast } from '../lib/activations';
import { dotKind, SEVEN_BIT, SIGNED } from '../lib/dot_kind';
import { Block32 } from '../lib/layout';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';

/**
 * Q8_0: w = scale * level, levels -128 … 127, one scale per 32 columns.
 *
 *     file, 34 bytes:              | scale f16 | 32 levels i8 |
 *     packed block:    | levels of 4 quads: 16 bytes per group | 16 scales f16 |
 *
 * Levels are kept as they are (T = i8: the plain build, and where the machine's relaxed dot product reads its second operand
 * signed) or plus 128 (T = u8: where it reads it unsigned; T = u16: where it takes seven bits only, and each group is
 * multiplied in two parts). See lib/dot_kind.ts.
 */
@unmanaged
class Q8_0<T> extends Block32 {
  @inline
  get fileBytes(): u32 {
    return 34;
  }

  @inline
  get levelBytes(): u32 {
    return 128;
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
    return v128.load(from + 16 * g);
  }

  @inline
  fileLevels(file: usize, _b: u32, half: u32): v128 {
    return v128.xor(v128.load(file + 16 * half, 2), i8x16.splat(isSigned<T>() ? 0 : -128));
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    memory.copy(to, groups, 128);
  }
}

export function matmul_q8_0(record: MatmulRecord, begin: u32, end: u32): void {
  product<Exact>(record, begin, end);
}

export function matmul_q8_0_fast(record: MatmulRecord, begin: u32, end: u32): void {
  product<Fast>(record, begin, end);
}

function product<A>(record: MatmulRecord, begin: u32, end: u32): void {
  const kind = dotKind();
  if (!ASC_FEATURE_RELAXED_SIMD || kind == SIGNED) matmul<Q8_0<i8>, A>(record, begin, end);
  else if (kind == SEVEN_BIT) matmul<Q8_0<u16>, A>(record, begin, end);
  else matmul<Q8_0<u8>, A>(record, begin, end);
}

export function embed_q8_0(record: EmbedRecord, begin: u32, end: u32): void {
  const kind = dotKind();
  if (!ASC_FEATURE_RELAXED_SIMD || kind == SIGNED) embed<Q8_0<i8>>(record, begin, end);
  else if (kind == SEVEN_BIT) embed<Q8_0<u16>>(record, begin, end);
  else embed<Q8_0<u8>>(record, begin, end);
}

export function pack_q8_0(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  if (!ASC_FEATURE_RELAXED_SIMD || dotKind() == SIGNED) pack<Q8_0<i8>>(src, dst, rowBegin, rowEnd, rows, cols);
  else pack<Q8_0<u8>>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_q8_0(rows: u32, cols: u32): f64 {
  return packedBytes<Q8_0<i8>>(rows, cols);
}
