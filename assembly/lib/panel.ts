/**
 * A panel is four packed rows, all columns, unpacked for use on many tokens: each group is one load there. One block:
 *
 *     | 8 groups of levels | 4 scales f32, for each sub-block | 4 mins f32, for each sub-block, if the type has them |
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

  @inline
  get blockBytes(): u32 {
    const q = changetype<Q>(0);
    return 128 + 16 * q.subs * (q.hasMins ? 2 : 1);
  }

  /** Offset of the scales of one sub-block. */
  @inline
  scale(sub: u32): u32 {
    return 128 + 16 * sub;
  }

  /** Offset of the mins of one sub-block. */
  @inline
  min(sub: u32): u32 {
    return 128 + 16 * (changetype<Q>(0).subs + sub);
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
        this.chunk(to, block, 1);
        this.chunk(to, block, 2);
        this.chunk(to, block, 3);
        for (let sub: u32 = 0; sub < q.subs; sub++) {
          v128.store(to + this.scale(sub), f32x4.mul(q.scale(head, block, sub), f32x4.splat(q.factor)));
          if (q.hasMins) v128.store(to + this.min(sub), q.min(head, block, sub));
        }
        to += this.blockBytes;
        block += 4 * q.blockBytes;
      }
      unit += 4 * q.headBytes + (q.span / 8) * q.blockBytes;
    }
  }

  @inline
  private chunk(to: usize, block: usize, c: usize): void {
    const q = changetype<Q>(0);
    const raw = q.raw(block, c);
    const shift = i8x16.splat(<i8>(this.bias - q.offset));
    v128.store(to + 32 * c, i8x16.add(q.low(raw, block, c), shift));
    v128.store(to + 32 * c, i8x16.add(q.high(raw, block, c), shift), 16);
  }
}
