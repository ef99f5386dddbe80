/**
 * Quantised activations: every 32 of a row share a scale, x ≈ scale * level with levels -127 … 127. One block:
 *
 *     relaxed build   | 32 levels i8  | scale f32 | scaledSum f32 | start i32 | start0 i32 | start1 i32 |   52 bytes
 *     plain build     | 32 levels i16 | scale f32 | scaledSum f32 | start i32 | start0 i32 | start1 i32 |   84 bytes
 *
 * `start` is -64 * the sum of the levels, start0 and start1 the same for each half: where weights are stored as
 * level + 64, a dot product that begins there ends at the true one. `scaledSum` is scale * the sum of the levels, what a
 * weight block's min is multiplied by.
 */
export class Activations {
  /** Bytes of one level. */
  @inline
  static get level(): u32 {
    return ASC_FEATURE_RELAXED_SIMD ? 1 : 2;
  }

  @inline
  static get scale(): u32 {
    return 32 * Activations.level;
  }

  @inline
  static get scaledSum(): u32 {
    return Activations.scale + 4;
  }

  @inline
  static get start(): u32 {
    return Activations.scale + 8;
  }

  /** start0; start1 lies 4 behind. */
  @inline
  static get starts(): u32 {
    return Activations.scale + 12;
  }

  @inline
  static get blockBytes(): u32 {
    return Activations.scale + 20;
  }
}
