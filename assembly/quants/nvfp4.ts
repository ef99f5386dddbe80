import { embed, EmbedRecord } from '../embed';
import { Exact } from '../lib/activations';
import { Nibbles } from '../lib/bits';
import { Bytes } from '../lib/bytes';
import { Tables } from '../lib/tables';
import { MatmulRecord } from '../lib/matmul_record';
import { matmul } from '../matmul';
import { pack, packedBytes } from '../pack';
import { quantize, QuantizeRecord } from '../quantize_activations';

/**
 * NVFP4: w = scale / 2 * value, the levels of MXFP4, a scale per 16 columns that is a float without sign.
 *
 *     file, 36 bytes:             | 4 scales: exponent + 7: 4 bits, fraction: 3 | 8 bytes for each: bits 0-3 are k 0 … 7, bits 4-7 are k 8 … 15 |
 *     packed block:    | levels of 4 quads: nibbles | 16 scales of the first half, exponent + 10: 5 bits, fraction: 3 | 16 of the second |
 *
 * A unit is two blocks, without a head. Activations are those of super-blocks, because an offset meets the sum of 16.
 */
@unmanaged
class NVFP4 {
  @inline
  get span(): u32 {
    return 64;
  }

  @inline
  get fileSpan(): u32 {
    return 64;
  }

  @inline
  get fileBytes(): u32 {
    return 36;
  }

  @inline
  get levelBytes(): u32 {
    return 64;
  }

  @inline
  get headBytes(): u32 {
    return 0;
  }

  @inline
  get tailBytes(): u32 {
    return 32;
  }

  @inline
  get subs(): u32 {
    return 2;
  }

  @inline
  get hasScales(): bool {
    return true;
  }

  @inline
  get hasFloatScales(): bool {
    return true;
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
    return 16;
  }

  @inline
  get hasMins(): bool {
    return false;
  }

  @inline
  levels(from: usize, g: u32): v128 {
    return Bytes.swizzle(Tables.tinyFloats, Nibbles.of(from, g));
  }

  /** Exponent and fraction, shifted to where float32 keeps them: 2^-117 of the scale, exactly. */
  @inline
  scale(tail: usize, quad: u32, sub: u32): v128 {
    const floats = i32x4.shl(Bytes.unsigned(v128.load(tail + 16 * sub), quad), 20);
    return f32x4.mul(floats, f32x4.splat(8.307674973655724e34)); // 2^116: half of what is missing
  }

  @inline
  min(_tail: usize, _quad: u32, _sub: u32): v128 {
    return i32x4.splat(0);
  }

  @inline
  fileLevels(file: usize, b: u32, half: u32): v128 {
    const raw = v128.load64_zero(file + 16 * b + 8 * half, 4);
    return v128.shuffle<i64>(Nibbles.half(raw, 0), Nibbles.half(raw, 1), 0, 2);
  }

  @inline
  packLevels(groups: usize, to: usize): void {
    Nibbles.pack(groups, to);
  }

  /** A NaN, 127, counts as zero, as in ggml. */
  @inline
  packScales(file: usize, _head: usize, tail: usize, row: u32, stride: u32): void {
    for (let s: u32 = 0; s < 4; s++) {
      const scale: u32 = load<u8>(file + s) & 127;
      store<u8>(tail + (s >> 1) * stride + 16 * (s & 1) + row, scale == 127 ? 0 : widened(scale));
    }
  }
}

/** A scale with an exponent of 5 bits: then none but 0 is subnormal (subnormal floats cost hundreds of cycles). */
function widened(scale: u32): u32 {
  if (scale == 0 || scale >= 8) return scale ? scale + 24 : 0;
  const top = 31 - clz(scale);
  return ((top + 1) << 3) | ((scale << (3 - top)) & 7);
}

/** Activations with 64 columns to a scale, which only these weights want. */
export function quantize_activations_64(record: QuantizeRecord, begin: u32, end: u32): void {
  quantize<NVFP4, Exact>(record, begin, end);
}

export function matmul_nvfp4(record: MatmulRecord, begin: u32, end: u32): void {
  matmul<NVFP4, Exact>(record, begin, end);
}

export function embed_nvfp4(record: EmbedRecord, begin: u32, end: u32): void {
  embed<NVFP4>(record, begin, end);
}

export function pack_nvfp4(src: usize, dst: usize, rowBegin: u32, rowEnd: u32, rows: u32, cols: u32): void {
  pack<NVFP4>(src, dst, rowBegin, rowEnd, rows, cols);
}

export function packed_bytes_nvfp4(rows: u32, cols: u32): f64 {
  return packedBytes<NVFP4>(rows, cols);
}
