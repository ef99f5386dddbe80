import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { RopeConfig, RopeScaling } from '../ops/rope_frequencies.ts';
import type { WeightFinder } from './architecture.ts';

/** Rotary settings as GGUF spells them, shared by every family that has them. `arch` is the key prefix. */
export function ropeConfig(meta: Metadata, find: WeightFinder, arch: string, headDim: number): RopeConfig {
  const [dimKey, baseKey] = [`${arch}.rope.dimension_count`, `${arch}.rope.freq_base`];
  const ropeDim = meta.u32(dimKey, headDim);
  if (ropeDim < 2 || ropeDim > headDim || ropeDim % 2 !== 0) {
    throw new FormatError(`${dimKey} is ${ropeDim}, expected an even number from 2 to a head's ${headDim}; damaged file?`);
  }
  const base = meta.f32(baseKey, 10000);
  if (base < 1) throw new FormatError(`${baseKey} is ${base}, expected at least 1; damaged file?`);
  return {
    ropeDim,
    base,
    scaling: ropeScaling(meta, arch),
    factors: find.numbers('rope_freqs.weight', [ropeDim / 2]),
  };
}

function ropeScaling(meta: Metadata, arch: string): RopeScaling {
  const key = `${arch}.rope.scaling`;
  const factor = meta.f32(`${key}.factor`, meta.f32(`${arch}.rope.scale_linear`, 0));
  const type = meta.string(`${key}.type`, factor === 0 ? 'none' : 'linear');
  if (!['none', 'linear', 'yarn'].includes(type)) {
    throw new UnsupportedError(`${key}.type is ${JSON.stringify(type)}; supported: none, linear, yarn`);
  }
  if (factor < 0) throw new FormatError(`${key}.factor is ${factor}, expected a positive number; damaged file?`);
  if (type === 'none' || factor === 0 || (type === 'linear' && factor === 1)) return { type: 'none' };
  if (type === 'linear') return { type, factor };
  const originalKey = `${key}.original_context_length`;
  const nCtxOriginal = meta.u32(originalKey, meta.u32(`${arch}.context_length`));
  if (nCtxOriginal === 0) throw new FormatError(`${originalKey} is 0, expected at least 1; damaged file?`);
  return {
    type: 'yarn',
    factor,
    nCtxOriginal,
    attnFactor: meta.f32(`${key}.attn_factor`, 1),
    extFactor: meta.f32(`${key}.yarn_ext_factor`, 1),
    betaFast: meta.f32(`${key}.yarn_beta_fast`, 32),
    betaSlow: meta.f32(`${key}.yarn_beta_slow`, 1),
  };
}
