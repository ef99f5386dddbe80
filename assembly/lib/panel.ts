import { blockBytes } from '../pack';

/**
 * A panel is eight packed rows, all columns, unpacked for use on many tokens: each operand of a dot product is one load
 * there. It is a list of sub-blocks; a sub-block has the 32 or 16 columns that share a scale:
 *
 *     | operands of rows 0 … 3 and 4 … 7 for one word | for the next word | … | 8 scales f32 | 8 mins, if the type has them |
 *
 *     operand, relaxed build:    16 levels u8: a group, see lib/simd.ts; both words of exact activations meet it
 *     operand, plain build:      8 levels i16: half a group
 *
 * and behind every super-block of 256 columns | 8 d f32 | 8 dmin f32, if the type has mins |. Mins of super-blocks are int32, others
 * float32. The plain build keeps true levels. The relaxed build needs them unsigned and adds `bias` to types with an offset; sums
 * of activations make up for it.
 */
@unmanaged
export class Panel<Q> {
  /** Its levels are so much above the true ones. Most types have the same number, so that they share compiled code. */
  @inline
  get bias(): i32 {
    const q = changetype<Q>(0);
    return !ASC_FEATURE_RELAXED_SIMD || q.offset == 0 ? 0 : q.offset == 128 ? 128 : 64;
  }

  // offsets in a sub-block

  @inline
  get scale(): u32 {
    return (ASC_FEATURE_RELAXED_SIMD ? 256 : 512) / changetype<Q>(0).subs;
  }

  @inline
  get min(): u32 {
    return this.scale + 32;
  }

  @inline
  get subBytes(): u32 {
    return this.scale + (changetype<Q>(0).hasMins ? 64 : 32);
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
    return q.span == 32 ? 0 : q.hasMins ? 64 : 32;
  }

  @inline
  bytes(cols: u32): u32 {
    return (cols / changetype<Q>(0).span) * (this.unitSubs * this.subBytes + this.endBytes);
  }

  /** Four scales of a sub-block as float32. */
  @inline
  scales(sub: usize, quad: u32): v128 {
    return v128.load(sub + this.scale + 16 * quad);
  }

  @inline
  mins(sub: usize, quad: u32): v128 {
    return v128.load(sub + this.min + 16 * quad);
  }

  /** The true level of one weight of rows 0 … 3. */
  @inline
  level(sub: usize, row: u32, k: u32): i32 {
    if (!ASC_FEATURE_RELAXED_SIMD) return load<i16>(sub + 32 * (k >> 1) + 4 * row + 2 * (k & 1));
    const at = sub + 32 * (k >> 2) + 4 * row + (k & 3);
    return this.bias ? <i32>load<u8>(at) - this.bias : <i32>load<i8>(at);
  }

  /** One of an item's four quads → rows 0 … 3 of a panel at `to`, rows 4 … 7 of one 16 bytes before. */
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
        this.chunk(to, from, 1);
        if (q.subs == 2) to = this.numbers(to, tail, quad, 0);
        this.chunk(to, from, 2);
        this.chunk(to, from, 3);
        to = this.numbers(to, tail, quad, q.subs - 1);
        unit += blockBytes<Q>();
      }
      if (q.span > 32) {
        v128.store(to, q.headBytes ? v128.load(head) : f32x4.splat(1));
        if (q.hasMins) v128.store(to, v128.load(head, 64), 32);
        to += this.endBytes;
      }
    }
  }

  /** Scales and mins of a sub-block, and the address of the next one. */
  @inline
  private numbers(to: usize, tail: usize, quad: u32, sub: u32): usize {
    const q = changetype<Q>(0);
    const scale = q.scale(tail, quad, sub);
    v128.store(to + this.scale, this.floats(scale));
    if (q.hasMins) v128.store(to + this.min, q.min(tail, quad, sub));
    return to + this.subBytes;
  }

  /** Four scales as float32. */
  @inline
  private floats(scale: v128): v128 {
    const q = changetype<Q>(0);
    if (q.span == 32) return f32x4.mul(scale, f32x4.splat(q.factor));
    return q.hasFloatScales ? scale : f32x4.convert_i32x4_s(scale);
  }

  /** Groups 2c and 2c + 1 of 32 columns. */
  @inline
  private chunk(to: usize, from: usize, c: u32): void {
    const q = changetype<Q>(0);
    const first: u32 = q.subs == 2 ? 2 * (c & 1) : 2 * c;
    this.store(to, first, q.levels(from, 2 * c));
    this.store(to, first + 1, q.levels(from, 2 * c + 1));
  }

  /** Group g of a sub-block. */
  @inline
  private store(to: usize, g: u32, group: v128): void {
    const shift = this.bias - changetype<Q>(0).offset;
    if (shift) group = i8x16.add(group, i8x16.splat(<i8>shift));
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to + 32 * g, group);
    } else {
      v128.store(to + 64 * g, i16x8.extend_low_i8x16_s(group));
      v128.store(to + 64 * g + 32, i16x8.extend_high_i8x16_s(group));
    }
  }
}
