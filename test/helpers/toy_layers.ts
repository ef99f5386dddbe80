import type { Op, Value } from '../../src/graph/graph.ts';
import { weight } from '../../src/graph/graph.ts';
import { kvCache, rowsState, type LayerState, type StateLimits } from '../../src/graph/layer_state.ts';
import { Recorder } from '../../src/models/recorder.ts';
import { colsOf, inputCols, mismatch, rowsOf } from '../../src/ops/op.ts';
import { quantByName } from '../../src/quants/index.ts';

/**
 * A made-up family whose layers have states of any kind: attention over all positions, attention over a window, and a causal
 * convolution, whose state each step replaces.
 */

/**
 * Depthwise causal convolution: `out[t, c] = Σⱼ w[j, c] · x[t - n + 1 + j, c]`, `w[n, cols]`. The n - 1 rows before the step stand in
 * the state.
 */
export const causalConv: Op = {
  name: 'causal_conv',
  shape(inputs) {
    const [w, x, tail] = inputs;
    const fits = colsOf(w!) === colsOf(x!) && colsOf(tail!) === colsOf(x!) && tail!.shape[0] === w!.shape[0]! - 1;
    if (!fits) mismatch('causal_conv', 'w [n, cols], x [nTokens, cols], tail [n - 1, cols]', inputs);
    return { rows: 'tokens', cols: colsOf(x!) };
  },
  scalars: [{ name: 'n', type: 'u32', of: (node) => node.inputs[0]!.shape[0]! }, inputCols('cols', 1)],
  reference({ out, inputs: [w, x, tail], node, step }) {
    const [n, cols] = node.inputs[0]!.shape as [number, number];
    for (let t = 0; t < rowsOf('tokens', step); t++) {
      for (let c = 0; c < cols; c++) {
        let sum = 0;
        for (let j = 0; j < n; j++) {
          const from = t - n + 1 + j;
          sum = Math.fround(
            sum +
              Math.fround(w![j * cols + c]! * (from < 0 ? tail![(from + n - 1) * cols + c]! : x![from * cols + c]!)),
          );
        }
        out[t * cols + c] = sum;
      }
    }
  },
  cost: ({ inputs: [w, x] }, step) => ({
    flops: 2 * w!.shape[0]! * rowsOf('tokens', step) * colsOf(x!),
    bytes: 4 * (w!.shape[0]! * colsOf(x!) + 2 * rowsOf('tokens', step) * colsOf(x!) + (w!.shape[0]! - 1) * colsOf(x!)),
  }),
};

/** The last n - 1 rows of what was read so far take the place of the state. */
export const convStore: Op = {
  name: 'conv_store',
  shape(inputs) {
    if (colsOf(inputs[0]!) !== colsOf(inputs[1]!))
      mismatch('conv_store', 'x [nTokens, cols], tail [n - 1, cols]', inputs);
    return { rows: 'tokens', cols: colsOf(inputs[0]!) };
  },
  outInput: 1,
  scalars: [inputCols('cols', 0), { name: 'nTail', type: 'u32', of: (node) => node.inputs[1]!.shape[0]! }],
  reference({ out, inputs: [x], node, step }) {
    const cols = colsOf(node.out);
    const all = [...out, ...x!.subarray(0, rowsOf('tokens', step) * cols)];
    out.set(all.slice(all.length - out.length));
  },
  cost: ({ inputs: [x, tail] }, step) => ({
    flops: 0,
    bytes: 4 * colsOf(x!) * (Math.min(rowsOf('tokens', step), tail!.shape[0]!) + tail!.shape[0]!),
  }),
};

export type ToyLayer =
  | { readonly kind: 'all' }
  | { readonly kind: 'window'; readonly window: number }
  | { readonly kind: 'rows'; readonly n: number };

const dim = 32;
const heads = { headDim: 16, scale: 0.25 } as const;

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
      const y = g.node(causalConv, [matrix(`w.${l}`, state.rows.shape[0]! + 1), x, state.rows]);
      g.node(convStore, [x, state.rows]);
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
