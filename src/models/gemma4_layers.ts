import { FormatError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import { size, sizes } from './decoder_config.ts';
import { windowsOf } from './windows.ts';

/** What differs from layer to layer in Gemma 4. */
export interface LayerSizes {
  readonly window: number | undefined;
  readonly headDim: number;
  readonly nKvHeads: number;
  readonly ffnDim: number;
}

interface HeadDims {
  /** Of layers that see everything. */
  readonly headDim: number;
  readonly windowHeadDim: number;
}

/** How many layers have keys and values of their own: of these the last but one sees a window, and the last everything. */
export function ownLayers(meta: Metadata, arch: string, layers: readonly LayerSizes[], usualShared = 0): number {
  const key = `${arch}.attention.shared_kv_layers`;
  const nShared = meta.u32(key, usualShared);
  const nOwn = layers.length - nShared;
  if (nShared === 0 || (layers[nOwn - 2]?.window && !layers[nOwn - 1]!.window)) return nOwn;
  throw new FormatError(`${key} is ${nShared} of ${layers.length} layers, which leaves no two layers to share; damaged file?`);
}

export function layersOf(meta: Metadata, nLayers: number, { headDim, windowHeadDim }: HeadDims): LayerSizes[] {
  size(meta, 'gemma4.attention.sliding_window');
  const kvHeads = sizes(meta, 'gemma4.attention.head_count_kv', nLayers);
  const ffnDims = sizes(meta, 'gemma4.feed_forward_length', nLayers);
  return windowsOf(meta, 'gemma4', nLayers, {}).map((window, l) => ({
    window,
    headDim: window ? windowHeadDim : headDim,
    nKvHeads: kvHeads[l]!,
    ffnDim: ffnDims[l]!,
  }));
}
