import { blockBytes } from '../pack';
import { Half } from './half';

/**
 * A panel is four packed rows, all columns, unpacked for use on many tokens: each operand of a dot product is one load there.
 * It is a list of sub-blocks of 32 or 16 columns, those that share a scale:
 *
 *     | operands of first words | operands of second words: plain build | 4 scales | 4 mins, if the type has them |
 *
 *     operand, relaxed build:    16 levels u8: a group, which first and second words share, see lib/simd.ts
 *     operand, plain build:      8 levels i16: half a group
 *
 * and behind every super-block of 256 columns | 4 d f32 | 4 dmin f32, if the type has mins |. Scales and mins are float32, those of
 * super-blocks int32. The plain build keeps true levels. The relaxed build needs them unsigned and adds `bias` to types with an
 * offset; sums of activations make up for it.
 */
@unmanaged
export class Panel<Q> {
  /** What its levels are above the true ones: of most types the same, so that they share one compiled tile (lib/gemm.ts). */
  @inline
  get bias(): i32 {
    const q = changetype<Q>(0);
    return !ASC_FEATURE_RELAXED_SIMD || q.offset == 0 ? 0 : q.offset == 128 ? 128 : 64;
  }

  /** Offset of what meets second words. */
  @inline
  get second(): u32 {
    return ASC_FEATURE_RELAXED_SIMD ? 0 : 128 / changetype<Q>(0).subs;
  }

  @inline
  get scale(): u32 {
    return 128 / changetype<Q>(0).subs + this.second;
  }

  @inline
  get min(): u32 {
    return this.scale + 16;
  }

  @inline
  get subBytes(): u32 {
    return this.scale + (changetype<Q>(0).hasMins ? 32 : 16);
  }

  /** Sub-blocks of a unit. */
  @inline
  get unitSubs(): u32 {
    const q = changetype<Q>(0);
    return (q.span / 32) * q.subs;
  }

  /** Bytes behind a unit's sub-blocks. */
  @inline
  get endBytes(): u32 {
    const q = changetype<Q>(0);
    return q.span == 32 ? 0 : q.hasMins ? 32 : 16;
  }

  @inline
  bytes(cols: u32): u32 {
    return (cols / changetype<Q>(0).span) * (this.unitSubs * this.subBytes + this.endBytes);
  }

  /** The true level of one weight. */
  @inline
  level(sub: usize, row: u32, k: u32): i32 {
    const at = sub + 16 * (k >> 2) + 4 * row;
    if (!ASC_FEATURE_RELAXED_SIMD) return load<i16>(at + this.second * ((k >> 1) & 1) + 2 * (k & 1));
    return this.bias ? <i32>load<u8>(at + (k & 3)) - this.bias : <i32>load<i8>(at + (k & 3));
  }

  /** One of an item's four quads → panel. */
  unpack(to: usize, item: usize, quad: u32, cols: u32): void {
    const q = changetype<Q>(0);
    let unit = item;
    for (let column: u32 = 0; column < cols; column += q.span) {
      const head = unit + 16 * quad;
      unit += q.headBytes;
      for (let b: u32 = 0; b < q.span / 32; b++) {
        const from = unit + quad * q.levelBytes;
        const tail = unit + 4 * q.levelBytes;
        this.chunk(to, from, 0);
        this.chunk(to + 32, from, 1);
        if (q.subs == 2) to = this.scales(to, tail, quad, 0);
        const half = q.subs == 2 ? to : to + 64;
        this.chunk(half, from, 2);
        this.chunk(half + 32, from, 3);
        to = this.scales(to, tail, quad, q.subs - 1);
        unit += blockBytes<Q>();
      }
      if (q.span > 32) {
        v128.store(to, v128.load(head));
        if (q.hasMins) v128.store(to, v128.load(head, 64), 16);
        to += this.endBytes;
      }
    }
  }

  /** Scales and mins of a sub-block, and the address of the next one. */
  @inline
  private scales(to: usize, tail: usize, quad: u32, sub: u32): usize {
    const q = changetype<Q>(0);
    const scale = q.scale(tail, quad, sub);
    v128.store(to + this.scale, q.span == 32 ? f32x4.mul(scale, f32x4.splat(Half.factor)) : scale);
    if (q.hasMins) v128.store(to + this.min, q.min(tail, quad, sub));
    return to + this.subBytes;
  }

  /** Groups 2c and 2c + 1. */
  @inline
  private chunk(to: usize, from: usize, c: u32): void {
    const q = changetype<Q>(0);
    this.store(to, q.levels(from, 2 * c));
    this.store(to + 16, q.levels(from, 2 * c + 1));
  }

  @inline
  private store(to: usize, group: v128): void {
    const shift = this.bias - changetype<Q>(0).offset;
    if (shift) group = i8x16.add(group, i8x16.splat(<i8>shift));
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to, group);
    } else {
      v128.store(to, i16x8.extend_low_i8x16_s(group));
      v128.store(to + this.second, i16x8.extend_high_i8x16_s(group));
    }
  }
}
