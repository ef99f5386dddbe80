import { cos, log, pow } from '../base/math.ts';

/** How a model's rotary frequencies are laid out and stretched beyond the trained context. */
export interface RopeConfig {
  /** Rotated columns per head. */
  readonly ropeDim: number;
  /** θ: pair i turns by `pos * base ** (-2 i / ropeDim)`. */
  readonly base: number;
  readonly scaling: RopeScaling;
  /** Multiplies all cosines and sines, and so the queries and the keys; absent: 1. */
  readonly attnFactor?: number;
  /** `[ropeDim / 2]` divisors of the frequencies (Llama 3's `rope_freqs.weight`); absent: 1. */
  readonly factors?: Float32Array;
  /** LongRoPE (Ding et al. 2024, arXiv:2402.13753): other divisors for sessions of more than `nCtxOriginal` positions. */
  readonly long?: { readonly factors: Float32Array; readonly nCtxOriginal: number };
}

export type RopeScaling =
  | { readonly type: 'none' }
  /** Positions divided by `factor` (Chen et al. 2023, arXiv:2306.15595). */
  | { readonly type: 'linear'; readonly factor: number }
  /** Low frequencies divided, high ones kept, magnitude corrected (Peng et al. 2023, arXiv:2309.00071). */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly nCtxOriginal: number;
      readonly extFactor: number;
      /** How much of the correction of magnitudes the model was trained to do without; 0: none of it. */
      readonly logMultiplier: number;
      /** Turns within the original context above which a frequency is kept, and below which it is divided. */
      readonly betaFast: number;
      readonly betaSlow: number;
    };

/**
 * `[3, ropeDim / 2 + 1]`, what `rope_angles` takes: radians per position of every pair, then the magnitude. Each is a float64, held as
 * three float32 pieces, one a row, whose sum it is to the bit.
 * @throws RangeError where an angle within `nCtx` positions is too large for our sine.
 */
export function ropeTurns(config: RopeConfig, nCtx: number): Float32Array {
  const half = config.ropeDim / 2;
  const turns = new Float32Array(3 * (half + 1));
  const factors = config.long && nCtx > config.long.nCtxOriginal ? config.long.factors : config.factors;
  for (let i = 0; i <= half; i++) {
    const number = i < half ? frequency(config, factors, i) : ropeMagnitude(config);
    if (i < half) cos((nCtx - 1) * number); // throws here what a kernel could not
    let rest = number;
    for (let at = i; at < turns.length; at += half + 1) {
      turns[at] = rest;
      rest -= turns[at]!;
    }
  }
  return turns;
}

/** Radians per position of pair `i`. */
function frequency({ ropeDim, base, scaling }: RopeConfig, factors: Float32Array | undefined, i: number): number {
  const kept = pow(base, (-2 * i) / ropeDim) / (factors ? factors[i]! : 1);
  if (scaling.type === 'none') return kept;
  const divided = kept / scaling.factor;
  if (scaling.type === 'linear') return divided;
  const low = Math.max(0, Math.floor(pairOfTurns(scaling.betaFast, scaling.nCtxOriginal, ropeDim, base)));
  const high = Math.min(ropeDim - 1, Math.ceil(pairOfTurns(scaling.betaSlow, scaling.nCtxOriginal, ropeDim, base)));
  const ramp = 1 - Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
  const mix = ramp * scaling.extFactor;
  return divided * (1 - mix) + kept * mix;
}

/** The (fractional) pair that makes `turns` full turns within the original context; YaRN, section 3.2. */
function pairOfTurns(turns: number, nCtxOriginal: number, ropeDim: number, base: number): number {
  return (ropeDim * log(nCtxOriginal / (turns * 2 * Math.PI))) / (2 * log(base));
}

/** YaRN's attention temperature, folded into the table: queries and keys both carry its square root's square. */
function ropeMagnitude({ scaling, attnFactor = 1 }: RopeConfig): number {
  if (scaling.type !== 'yarn' || scaling.extFactor === 0) return attnFactor;
  const corrected = (part: number): number => 1 + 0.1 * part * log(scaling.factor);
  return (attnFactor * corrected(1)) / corrected(scaling.logMultiplier);
}
