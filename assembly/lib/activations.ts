/**
 * Quantised activations: every 32 of a row share a scale, x ≈ scale * level with levels -16256 … 16256. One block:
 *
 *     | 8 groups of 4 levels, 8 bytes each | scale f32 | scaledSum f32 | start i32 | start0 i32 | start1 i32 |     84 bytes
 *
 *     relaxed build, group:    | high digits of k0 k1 k2 k3 | low digits of k0 k1 k2 k3 |    level = 128 * high + low
 *     plain build, group:      | k0 k1 i16                  | k2 k3 i16                 |    high -127 … 127, low 0 … 127
 *
 * Each half of a group is one *word*, which goes to every lane of a vector and meets a group of weights, see lib/simd.ts.
 *
 * `start` is -64 * the sum of the levels, start0 and start1 the same for each half of the block: where weights are stored as
 * level + 64, a dot product that begins there ends at the true one. `scaledSum` is scale * the sum of the levels, what a
 * weight block's min is multiplied by.
 *
 * 16256 is 127 * 128, so that no high digit is -128: where ARM has no dot instruction, or a baseline compiler does not use it, two
 * products meet in 16 bits first, and 2 * -128 * -128 does not fit.
 *
 * Fifteen bits are what both builds multiply without loss: two digits of a relaxed dot product, or one 16-bit number. With
 * eight bits the logits of SmolLM2-135M were off by 0.32 (root mean square), with fifteen by 0.004.
 */
export class Activations {
  @inline
  static get scale(): u32 {
    return 64;
  }

  @inline
  static get scaledSum(): u32 {
    return 68;
  }

  @inline
  static get start(): u32 {
    return 72;
  }

  /** start0; start1 lies 4 behind. */
  @inline
  static get starts(): u32 {
    return 76;
  }

  @inline
  static get blockBytes(): u32 {
    return 84;
  }
}
