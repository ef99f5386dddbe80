import { cos, log, pow, sin } from '../math.ts';

/** How a model's rotary frequencies are laid out and stretched beyond the trained context. */
export interface RopeConfig {
  /** Rotated columns per head. */
  readonly ropeDim: number;
  /** θ: pair i turns by `pos * base ** (-2 i / ropeDim)`. */
  readonly base: number;
  readonly scaling: RopeScaling;
  /** `[ropeDim / 2]` divisors of the frequencies (Llama 3's `rope_freqs.weight`); absent: 1. */
  readonly factors?: Float32Array;
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
      readonly attnFactor: number;
      readonly extFactor: number;
      /** Turns within the original context above which a frequency is kept, and below which it is divided. */
      readonly betaFast: number;
      readonly betaSlow: number;
    };

/** `[nCtx, ropeDim]`: for each position the cosines of every pair, then the sines. */
export function ropeTable(nCtx: number, config: RopeConfig): Float32Array {
  const { ropeDim } = config;
  const half = ropeDim / 2;
  const frequencies = Array.from({ length: half }, (_, i) => frequency(config, i));
  const magnitude = ropeMagnitude(config.scaling);
  const table = new Float32Array(nCtx * ropeDim);
  for (let pos = 0; pos < nCtx; pos++) {
    for (let i = 0; i < half; i++) {
      const angle = pos * frequencies[i]!;
      table[pos * ropeDim + i] = cos(angle) * magnitude;
      table[pos * ropeDim + half + i] = sin(angle) * magnitude;
    }
  }
  return table;
}

/** Radians per position of pair `i`. */
function frequency({ ropeDim, base, scaling, factors }: RopeConfig, i: number): number {
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
function ropeMagnitude(scaling: RopeScaling): number {
  if (scaling.type !== 'yarn') return 1;
  return scaling.extFactor === 0 ? scaling.attnFactor : scaling.attnFactor * (1 + 0.1 * log(scaling.factor));
}
