import { mixBits } from '../../src/base/numbers.ts';
import { weight, type Value } from '../../src/graph/graph.ts';
import { kvCache, rowsState, type LayerState, type StateLimits } from '../../src/graph/layer_state.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Recorder } from '../../src/models/recorder.ts';
import { causalConv } from '../../src/ops/causal_conv.ts';
import { quantByName } from '../../src/quants/index.ts';

/**
 * A made-up family whose layers have states of any kind: attention over all positions, attention over a window, and a causal
 * convolution, whose state each step replaces.
 */

export type ToyLayer =
  | { readonly kind: 'all' }
  | { readonly kind: 'window'; readonly window: number }
  | { readonly kind: 'rows'; readonly n: number };

const dim = 32;
const heads = { headDim: 16, scale: 0.25 } as const;

/** Weights of a toy model: numbers that depend on the tensor's name and their place in it. */
export async function readToy({ name }: Tensor, offsetBytes: number, into: Uint8Array): Promise<void> {
  const hash = [...name].reduce((h, char) => Math.imul(h ^ char.charCodeAt(0), 0x01000193), 0x811c9dc5);
  const floats = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = (mixBits(hash ^ (offsetBytes / 4 + i)) / 2 ** 31) * 0.5;
}

/** The graph and states of a toy model, `nVocab` tokens, with one layer of each of these kinds in turn. */
export function toyModel(
  nVocab: number,
  layers: readonly ToyLayer[],
  limits: { nCtx: number; maxTokens: number; maxLogits: number },
) {
  const g = new Recorder(limits);
  const weights: Value[] = [];
  const matrix = (name: string, rows: number, cols = dim): Value => {
    const value = weight({ name, quant: quantByName.get('f32')!, shape: [rows, cols] });
    weights.push(value);
    return value;
  };
  const states = layers.map((layer, l) => stateOf(l, layer, { ...limits, kvType: 'f16' }));
  let x = g.embed(matrix('embed', nVocab));
  for (const [l, state] of states.entries()) {
    if (state.kind === 'rows') {
      const taps = matrix(`w.${l}`, dim, state.rows.shape[0]! + 1);
      const y = g.node(causalConv, [x, taps, state.rows], { silu: 0 });
      x = g.add(x, y);
    } else {
      const q = g.matmul(matrix(`q.${l}`, dim), x);
      const k = g.matmul(matrix(`k.${l}`, dim), x);
      x = g.add(x, g.matmul(matrix(`o.${l}`, dim), g.attention(q, k, x, state, heads)));
    }
  }
  return { graph: g.finish(g.matmul(matrix('output', nVocab), g.lastRows(x))), states, weights };
}

function stateOf(l: number, layer: ToyLayer, limits: StateLimits): LayerState {
  if (layer.kind === 'rows') return rowsState(l, layer.n - 1, dim);
  return kvCache(l, { nKvHeads: 2, headDim: 16, window: layer.kind === 'window' ? layer.window : undefined }, limits);
}
