/**
 * A panel is four packed rows, all columns, unpacked for use on many tokens: each operand of a dot product is one load there.
 * It is a list of sub-blocks of 32 or 16 columns, those that share a scale:
 *
 *     | operands of first words | operands of second words: plain build | 4 scales f32 | 4 mins f32, if the type has them |
 *
 *     operand, relaxed build:    16 levels u8: a group, which first and second words share, see lib/simd.ts
 *     operand, plain build:      8 levels i16: half a group
 *
 * The plain build keeps true levels. The relaxed build needs them unsigned and adds `bias` to types with an offset, for which the
 * activations' `start` makes up.
 */
@unmanaged
export class Panel<Q> {
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

  @inline
  bytes(cols: u32): u32 {
    return (cols >> 5) * changetype<Q>(0).subs * this.subBytes;
  }

  /** The true level of one weight. */
  @inline
  level(sub: usize, row: u32, k: u32): i32 {
    const at = sub + 16 * (k >> 2) + 4 * row;
    if (!ASC_FEATURE_RELAXED_SIMD) return load<i16>(at + this.second * ((k >> 1) & 1) + 2 * (k & 1));
    return (this.bias == 128 ? <i32>load<u8>(at + (k & 3)) : <i32>load<i8>(at + (k & 3))) - this.bias;
  }

  /** One of an item's four quads → panel. */
  unpack(to: usize, item: usize, quad: u32, cols: u32): void {
    const q = changetype<Q>(0);
    let unit = item;
    for (let column: u32 = 0; column < cols; column += q.span) {
      const head = unit + quad * q.headBytes;
      let block = unit + 4 * q.headBytes + quad * q.blockBytes;
      for (let b: u32 = 0; b < q.span / 32; b++) {
        this.chunk(to, block, 0);
        this.chunk(to + 32, block, 1);
        if (q.subs == 2) to = this.scales(to, head, block, 0);
        const half = q.subs == 2 ? to : to + 64;
        this.chunk(half, block, 2);
        this.chunk(half + 32, block, 3);
        to = this.scales(to, head, block, q.subs - 1);
        block += 4 * q.blockBytes;
      }
      unit += 4 * q.headBytes + (q.span / 8) * q.blockBytes;
    }
  }

  /** Scales and mins of a sub-block, and the address of the next one. */
  @inline
  private scales(to: usize, head: usize, block: usize, sub: u32): usize {
    const q = changetype<Q>(0);
    v128.store(to + this.scale, f32x4.mul(q.scale(head, block, sub), f32x4.splat(q.factor)));
    if (q.hasMins) v128.store(to + this.min, q.min(head, block, sub));
    return to + this.subBytes;
  }

  /** Groups 2c and 2c + 1. */
  @inline
  private chunk(to: usize, block: usize, c: usize): void {
    const q = changetype<Q>(0);
    const shift = i8x16.splat(<i8>(this.bias - q.offset));
    this.store(to, i8x16.add(q.levels(block, 2 * c), shift));
    this.store(to + 16, i8x16.add(q.levels(block, 2 * c + 1), shift));
  }

  @inline
  private store(to: usize, group: v128): void {
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to, group);
    } else {
      v128.store(to, i16x8.extend_low_i8x16_s(group));
      v128.store(to + this.second, i16x8.extend_high_i8x16_s(group));
    }
  }
}
