/** A quad's levels of type Q, unpacked on the way to each product. */
export class Packed<Q> {
  /** Bytes of a quad. */
  @inline
  get levelBytes(): u32 {
    return changetype<Q>(0).levelBytes;
  }

  /** The operand that meets the first words of group g, see lib/simd.ts. */
  @inline
  first(from: usize, g: u32): v128 {
    const group = changetype<Q>(0).levels(from, g);
    return ASC_FEATURE_RELAXED_SIMD ? group : i16x8.extend_low_i8x16_s(group);
  }

  /** The operand that meets its second words. */
  @inline
  second(from: usize, g: u32): v128 {
    const group = changetype<Q>(0).levels(from, g);
    return ASC_FEATURE_RELAXED_SIMD ? group : i16x8.extend_high_i8x16_s(group);
  }
}
