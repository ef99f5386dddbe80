import { textsOf, type GraphLimits, type Op, type OpArgs, type StepText, type Value } from '../graph/graph.ts';
import { RING_BLOCK } from '../graph/layer_state.ts';
import { exp, pow } from '../base/math.ts';
import { bytesOf } from '../graph/tensor.ts';
import { hadamard, spreadCols, spreadOf } from './hadamard.ts';
import { colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';
import { capped } from './softcap.ts';

/**
 * Causal grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) over the KV cache, this step's rows included:
 * for every token and query head, `softmax(scale · q · Kᵀ) · V` over the positions up to the token's own (and within
 * `window` of it, when that is not 0), and `ahead` more of the step's own behind it: encoders look both ways. `alibi`, where it is
 * not 0, makes scores lower the farther away a position is (Press et al. 2021, arXiv:2108.12409). A `cap` that is not 0 bends scores as `softcap` does. `sinks[nHeads]`, where there are any, are one
 * more score for each head that has no value (Xiao et al. 2023, arXiv:2309.17453). `q[nTokens, nHeads * headDim]`, caches `[nPositions, nKvHeads * headDim]` with absolute
 * position p in row `p % nPositions`.
 */
export const attention: Op = {
  name: 'attention',
  shape(inputs, { headDim }) {
    const [q, k, v, sinks] = inputs;
    const nHeads = colsOf(q!) / headDim!;
    const nKvHeads = colsOf(k!) / headDim!;
    const fits = Number.isInteger(nHeads) && Number.isInteger(nKvHeads) && nHeads % nKvHeads === 0;
    if (!fits || colsOf(k!) !== colsOf(v!) || (sinks && colsOf(sinks) !== nHeads)) {
      mismatch('attention', `q [.., nHeads * ${headDim}], k and v [.., nKvHeads * ${headDim}], sinks [nHeads]`, inputs);
    }
    return { rows: q!.rows!, cols: colsOf(q!) };
  },
  quantInput: 1,
  maxInputs: 4,
  scalars: [
    inputCols('cols', 0),
    inputCols('kvDim', 1),
    param('headDim', 'u32'),
    param('scale', 'f32'),
    param('window', 'u32'),
    spreadOf(({ inputs }) => inputs[1]!),
    param('cap', 'f32'),
    param('ahead', 'u32'),
    param('alibi', 'f32'),
  ],

  reference({ out, inputs, node, step }) {
    const cols = colsOf(node.out);
    const spread = spreadCols(node.inputs[1]!, node.params['headDim']!);
    const [q, ...others] = inputs;
    const queries = q!.slice(0, rowsOf('tokens', step) * cols);
    if (spread) hadamard(queries, spread);
    for (const text of textsOf(step)) attendText({ out, inputs: [queries, ...others], node }, text);
    if (spread) hadamard(out.subarray(0, queries.length), spread);
  },

  cost(node, step) {
    const { out, inputs, params } = node;
    const [, k, v, sinks] = inputs;
    const window = params['window'] || Infinity;
    let seen = 0; // by all tokens together
    let positions = 0; // seen by any of them
    for (const { pos, nTokens } of textsOf(step)) {
      for (let t = 0; t < nTokens; t++) {
        seen += Math.min(pos + t + 1, window) + Math.min(params['ahead']!, nTokens - 1 - t);
      }
      positions += Math.min(pos + nTokens, window + nTokens - 1);
    }
    const cacheBytes = bytesOf(k!, positions * colsOf(k!)) + bytesOf(v!, positions * colsOf(v!));
    const others = sinks ? bytesOf(sinks) : 0;
    const flops =
      (4 * colsOf(out) + ((params['cap'] ? 6 : 0) + (params['alibi'] ? 2 : 0)) * (colsOf(out) / params['headDim']!)) *
      seen;
    return { flops, bytes: 2 * operandBytes(out, step) + cacheBytes + others };
  },
};

/** Attention of the rows of one text over its own positions. */
function attendText({ out, inputs: [q, k, v, sinks], node }: Omit<OpArgs, 'step'>, text: StepText): void {
  const cols = colsOf(node.out);
  const [nPositions, kvDim] = node.inputs[1]!.shape as [number, number];
  const { headDim, scale, window, cap, ahead, alibi } = node.params as Readonly<
    Record<'headDim' | 'scale' | 'window' | 'cap' | 'ahead' | 'alibi', number>
  >;
  const headsPerKv = cols / kvDim; // query heads that share one key-value head
  const { pos: begin, nTokens, base } = text;
  const nSeen = begin + nTokens;
  const scores = new Float64Array(nSeen);
  for (let t = 0; t < nTokens; t++) {
    const own = begin + t;
    const last = Math.min(own + ahead, nSeen - 1);
    const first = window > 0 ? Math.max(0, own - window + 1) : 0;
    for (let head = 0; head < cols / headDim; head++) {
      const query = (text.first + t) * cols + head * headDim;
      const kvHead = Math.floor(head / headsPerKv) * headDim;
      const slope = alibiSlope(alibi, head, cols / headDim);
      let max = sinks ? sinks[head]! : -Infinity;
      for (let pos = first; pos <= last; pos++) {
        let dot = 0;
        const row = ((base + pos) % nPositions) * kvDim + kvHead;
        for (let i = 0; i < headDim; i++) dot += q![query + i]! * k![row + i]!;
        const score = cap > 0 ? capped(dot * scale, cap) : dot * scale;
        scores[pos - first] = score - slope * Math.abs(pos - own);
        max = Math.max(max, scores[pos - first]!);
      }
      let sum = sinks ? exp(sinks[head]! - max) : 0;
      for (let i = 0; i <= last - first; i++) sum += scores[i] = exp(scores[i]! - max);
      for (let i = 0; i < headDim; i++) {
        let value = 0;
        for (let pos = first; pos <= last; pos++) {
          value += scores[pos - first]! * v![((base + pos) % nPositions) * kvDim + kvHead + i]!;
        }
        out[query + i] = value / sum;
      }
    }
  }
}

/** What a head's scores lose for each position: `2^(-alibi (h + 1) / n)` of n heads, a power of two; heads beyond it lie in between. */
export function alibiSlope(alibi: number, head: number, nHeads: number): number {
  if (alibi === 0) return 0;
  const n = 2 ** Math.floor(Math.log2(nHeads));
  const step = head < n ? head + 1 : head - n + 0.5;
  return pow(2, (-alibi * step) / n);
}

/**
 * A cache either has a row for every position of the context, or is a ring that holds what every token of a step sees.
 * @throws RangeError for a cache that is neither.
 */
export function checkPositions({ name, shape }: Value, window: number, { nCtx, maxTokens }: GraphLimits): void {
  const nPositions = shape[0]!;
  const fewest = Math.ceil((window + maxTokens - 1) / RING_BLOCK) * RING_BLOCK;
  if (nPositions >= nCtx || (window > 0 && nPositions >= fewest && nPositions % RING_BLOCK === 0)) return;
  const sees =
    window > 0 ? `a window of ${window} and steps of ${maxTokens} tokens take ${fewest}` : 'no window ends it';
  throw new RangeError(`${name} has rows for ${nPositions} of ${nCtx} positions; ${sees}, in blocks of ${RING_BLOCK}`);
}
