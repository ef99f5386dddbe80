import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { RopeConfig, RopeScaling } from '../ops/rope_frequencies.ts';
import type { WeightFinder } from './weight_finder.ts';

/** Rotary settings as GGUF spells them, shared by every family that has them. `arch` is the key prefix. */
export function ropeConfig(meta: Metadata, find: WeightFinder, arch: string, headDim: number): RopeConfig {
  const ropeDim = ropeDimOf(meta, `${arch}.rope.dimension_count`, headDim, headDim);
  const [freqs, short, long] = ['freqs', 'factors_short', 'factors_long'].map((name) =>
    divisors(find, `rope_${name}.weight`, ropeDim / 2),
  );
  return {
    ropeDim,
    base: baseOf(meta, `${arch}.rope.freq_base`, 10000),
    scaling: ropeScaling(meta, arch),
    attnFactor: positive(meta, `${arch}.rope.scaling.attn_factor`, 1),
    factors: short ?? freqs,
    ...(long && { long: { factors: long, nCtxOriginal: contextOriginal(meta, arch) } }),
  };
}

/** Rotary settings of layers that see a window: those of the others with a base of their own, and nothing stretched. */
export function windowRope(meta: Metadata, arch: string, { ropeDim, headDim, base }: WindowRope): RopeConfig {
  return {
    ropeDim: ropeDimOf(meta, `${arch}.rope.dimension_count_swa`, ropeDim, headDim),
    base: baseOf(meta, `${arch}.rope.freq_base_swa`, base),
    scaling: { type: 'none' },
  };
}

/** What holds where the file is silent, and the width of a head. */
export interface WindowRope {
  readonly ropeDim: number;
  readonly headDim: number;
  readonly base: number;
}

/** Rotated columns. */
function ropeDimOf(meta: Metadata, key: string, fallback: number, headDim: number): number {
  const ropeDim = meta.u32(key, fallback);
  if (ropeDim >= 2 && ropeDim <= headDim && ropeDim % 2 === 0) return ropeDim;
  throw new FormatError(`${key} is ${ropeDim}, expected an even number from 2 to a head's ${headDim}; damaged file?`);
}

/** Numbers that divide or multiply angles: beyond these, the angles of a context are no angles. */
const FACTORS = { min: 1e-3, max: 1e6 };

function positive(meta: Metadata, key: string, fallback: number): number {
  const value = meta.f32(key, fallback);
  if (value >= FACTORS.min && value <= FACTORS.max) return value;
  throw new FormatError(`${key} is ${value}, expected ${FACTORS.min} to ${FACTORS.max}; damaged file?`);
}

/** Divisors of the frequencies, `[n]`. A very large one stands for a pair that does not turn. */
function divisors(find: WeightFinder, name: string, n: number): Float32Array | undefined {
  const numbers = find.numbers(name, [n]);
  const bad = numbers?.findIndex((number) => !(number >= FACTORS.min && number < Infinity)) ?? -1;
  if (bad < 0) return numbers;
  throw new FormatError(`${name} holds ${numbers![bad]}, expected numbers from ${FACTORS.min} on; damaged file?`);
}

function baseOf(meta: Metadata, key: string, fallback: number): number {
  const base = meta.f32(key, fallback);
  if (base >= 1) return base;
  throw new FormatError(`${key} is ${base}, expected at least 1; damaged file?`);
}

/** Positions the model was trained on before it was stretched. */
export function contextOriginal(meta: Metadata, arch: string): number {
  const key = `${arch}.rope.scaling.original_context_length`;
  const positions = meta.u32(key, meta.u32(`${arch}.context_length`));
  if (positions === 0) throw new FormatError(`${key} is 0, expected at least 1; damaged file?`);
  return positions;
}

function ropeScaling(meta: Metadata, arch: string): RopeScaling {
  const key = `${arch}.rope.scaling`;
  const factor = meta.f32(`${key}.factor`, meta.f32(`${arch}.rope.scale_linear`, 0));
  const type = meta.string(`${key}.type`, factor === 0 ? 'none' : 'linear');
  const known = ['none', 'linear', 'yarn', 'longrope'];
  if (!known.includes(type)) {
    throw new UnsupportedError(`${key}.type is ${JSON.stringify(type)}; supported: ${known.join(', ')}`);
  }
  if (factor !== 0) positive(meta, meta.has(`${key}.factor`) ? `${key}.factor` : `${arch}.rope.scale_linear`, factor);
  const isStretched = factor !== 0 && !(type === 'linear' && factor === 1);
  if (type === 'linear' && isStretched) return { type, factor };
  if (type !== 'yarn' || !isStretched) return { type: 'none' }; // LongRoPE stretches by its factors
  return {
    type,
    factor,
    nCtxOriginal: contextOriginal(meta, arch),
    extFactor: meta.f32(`${key}.yarn_ext_factor`, 1),
    logMultiplier: meta.f32(`${key}.yarn_log_multiplier`, 0),
    betaFast: positive(meta, `${key}.yarn_beta_fast`, 32),
    betaSlow: positive(meta, `${key}.yarn_beta_slow`, 1),
  };
}
