import { FormatError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';

/** Positions that each layer's tokens see, `[nLayers]`; undefined: all before them. */
export type Windows = readonly (number | undefined)[];

/** What a family takes for granted where its file is silent; `period`: of so many layers, the last one sees everything. */
export interface WindowDefaults {
  readonly window?: number;
  readonly period?: number;
  /** Of so many layers, the first one sees everything, not the last. */
  readonly wideFirst?: boolean;
}

/** Layers that see a window, by `attention.sliding_window` and its pattern: a period, or a flag for each layer. */
export function windowsOf(meta: Metadata, arch: string, nLayers: number, defaults: WindowDefaults): Windows {
  const window = meta.u32(`${arch}.attention.sliding_window`, defaults.window ?? 0);
  const key = `${arch}.attention.sliding_window_pattern`;
  const slides = flagsOf(meta, key, nLayers);
  const period = slides ? 0 : meta.u32(key, defaults.period ?? 0);
  if (window > 0 && !slides && period === 0) throw new FormatError(`${key} is missing, the file has a window; convert the model again?`);
  return Array.from({ length: nLayers }, (_, l) => ((slides ? slides[l] : defaults.wideFirst ? l % period > 0 : l % period < period - 1) && window) || undefined);
}

/** A flag for each layer; undefined where the file has no such list. */
export function flagsOf(meta: Metadata, key: string, nLayers: number): boolean[] | undefined {
  const entry = meta.get(key);
  if (entry?.type !== 'array') return undefined;
  if (entry.of === 'string' || entry.of === 'array' || entry.value.length < nLayers) {
    throw new FormatError(`${key} has ${entry.value.length} entries of type ${entry.of}, expected ${nLayers} flags; damaged file?`);
  }
  return Array.from(entry.value, Number).map((flag) => flag !== 0);
}
