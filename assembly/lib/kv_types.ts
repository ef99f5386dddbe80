import { Half } from './half';
import { KvLevels } from './kv_levels';

/**
 * How keys and values lie in the cache. A type is used through `changetype<T>(0)`, so that each kernel is compiled once per
 * type with these members inlined.
 *
 *     values: [nKvHeads, nPositions, headDim]
 *     keys:   [nKvHeads, nPositions / 4, headDim, 4], four positions interleaved, so that one vector holds one column of four
 *             positions and a score needs no horizontal sum
 *     q8_0:   [nKvHeads, nPositions / 4, headDim / 32] blocks of lib/kv_levels.ts, keys and values alike
 *
 * Each head lies on its own, because attention reads it so: in one long stream, which the hardware can fetch ahead. Absolute
 * position p lies in row p % nPositions. A layer that sees a window of positions keeps only so many rows: a ring, which new
 * positions go round. Rings are whole blocks of 32 positions, so that the blocks attention reads never wrap.
 */
@unmanaged
export class KvF32 {
  @inline
  get bytes(): u32 {
    return 4;
  }

  /** Whether keys and values are integers with scales, and multiplied as integers. */
  @inline
  get hasLevels(): bool {
    return false;
  }

  @inline
  rowBytes(headDim: u32): u32 {
    return headDim << 2;
  }

  /** The factor of a loaded value. */
  @inline
  get factor(): f32 {
    return 1;
  }

  /** Four numbers; `mask` is `Masks.half`, which a loop has to keep at hand itself. */
  @inline
  load4(from: usize, _mask: v128): v128 {
    return v128.load(from);
  }

  @inline
  store(to: usize, x: f32): void {
    store<f32>(to, x);
  }

  /** Writes one head of a position into its row of the head's part of the cache. */
  @inline
  storeHead(head: usize, x: usize, headDim: u32, row: u32, interleave: u32): void {
    storeNumbers<KvF32>(head, x, headDim, row, interleave);
  }
}

/**
 * Half precision. A loaded value is 2^-112 times the real one (lib/half.ts says why). Queries and probabilities take the
 * factor that makes up for it, at no cost: powers of two do not round. It needs |query * scale| < 2^15.
 */
@unmanaged
export class KvF16 {
  @inline
  get bytes(): u32 {
    return 2;
  }

  @inline
  get hasLevels(): bool {
    return false;
  }

  @inline
  rowBytes(headDim: u32): u32 {
    return headDim << 1;
  }

  @inline
  get factor(): f32 {
    return Half.factor;
  }

  @inline
  load4(from: usize, mask: v128): v128 {
    return v128.and(i32x4.shl(v128.load_ext<i16>(from), 13), mask);
  }

  /**
   * Rounds to nearest even. Numbers that are subnormal in half precision (below 2^-14) become zero: loaded as above, they
   * would be subnormal float32, which are a hundred times slower. Numbers that are too large become the largest, 65504; kv_store tells of them.
   */
  @inline
  store(to: usize, x: f32): void {
    const bits = reinterpret<u32>(x);
    const magnitude = bits & 0x7fffffff;
    const rounded = min<u32>(magnitude + 0xfff + ((magnitude >> 13) & 1), 0x477fe000);
    const half = rounded < 0x38800000 ? 0 : (rounded - 0x38000000) >> 13;
    store<u16>(to, <u16>(((bits >> 16) & 0x8000) | half));
  }

  @inline
  storeHead(head: usize, x: usize, headDim: u32, row: u32, interleave: u32): void {
    storeNumbers<KvF16>(head, x, headDim, row, interleave);
  }
}

/** Columns of one position lie `interleave` numbers apart. */
function storeNumbers<T>(head: usize, x: usize, headDim: u32, row: u32, interleave: u32): void {
  const type = changetype<T>(0);
  const lane = row % interleave;
  const to = head + ((row - lane) * headDim + lane) * type.bytes;
  for (let i: u32 = 0; i < headDim; i++) type.store(to + i * interleave * type.bytes, load<f32>(x + (i << 2)));
}

/** 8-bit levels, 32 columns to a scale; `interleave` tells keys from values as it does for the others. */
@unmanaged
export class KvQ8_0 {
  @inline
  get hasLevels(): bool {
    return true;
  }

  @inline
  get factor(): f32 {
    return 1;
  }

  @inline
  rowBytes(headDim: u32): u32 {
    return (headDim >> 5) * (KvLevels.blockBytes / 4);
  }

  @inline
  storeHead(head: usize, x: usize, headDim: u32, row: u32, interleave: u32): void {
    let block = head + (row >> 2) * (headDim >> 5) * KvLevels.blockBytes;
    for (let column: u32 = 0; column < headDim; column += 32) {
      KvLevels.store(block, x + (column << 2), row & 3, interleave);
      block += KvLevels.blockBytes;
    }
  }
}
