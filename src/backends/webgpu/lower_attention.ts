import type { Node, Value } from '../../graph/graph.ts';
import { alibiSlope } from '../../ops/attention.ts';
import { colsOf } from '../../ops/op.ts';
import { quantByName } from '../../quants/index.ts';
import { numbersOf, rowsOfNode, type Expansion, type Grid, type Lowering, type Slot } from './calls.ts';

/** Attention and its caches, which lie on the device as `kernels/caches` says for each type. */

const perRow = (x: number): Grid => ({ x, y: (nRows) => nRows });

/** Numbers of a node with a cache. */
function numbersWith(cache: Value, node: Node, threads: number): Record<string, number> {
  const numbers = numbersOf(node, threads);
  const { headDim } = node.params as { headDim: number };
  const spreadFactor = 1 / Math.sqrt(Math.max(1, numbers['spread']!));
  return { ...numbers, nPositions: cache.shape[0]!, headDim, nSpread: headDim, spreadFactor };
}

/** Workgroups that store a row. Of halves, a row may end in the middle of a word. */
const storeGroups: Readonly<Record<string, (sizes: Record<string, number>) => number>> = {
  f32: ({ kvDim, threads }) => Math.ceil(kvDim! / threads!),
  f16: ({ kvDim, threads }) => Math.ceil(kvDim! / 2 / threads!),
  q8_0: ({ kvDim, headDim }) => kvDim! / headDim!,
};

export const lowerKvStore: Expansion = (lowering, node) => {
  const { out, inputs } = node;
  const numbers = numbersWith(out, node, lowering.surroundings.threads);
  lowering.calls.push({
    node,
    kernel: { files: [`kv_store_${out.quant.name}`], numbers },
    out: lowering.slotOf(out),
    inputs: [lowering.slotOf(inputs[0]!)],
    rows: rowsOfNode(node),
    grid: perRow(storeGroups[out.quant.name]!(numbers)),
  });
};

export const lowerAttention: Expansion = (lowering, node) => {
  const { out, inputs, params } = node;
  const [q, k, v, sinks] = inputs;
  const { threads } = lowering.surroundings;
  lowering.calls.push({
    node,
    kernel: { files: [`caches/${k!.quant.name}`, 'attention'], numbers: numbersWith(k!, node, threads) },
    out: lowering.slotOf(out),
    inputs: [
      ...[q!, k!, v!].map((value) => lowering.slotOf(value)),
      sinks && lowering.slotOf(sinks),
      slopes(lowering, node),
    ],
    rows: rowsOfNode(node),
    grid: perRow(colsOf(out) / params['headDim']!),
  });
};

/** `[nHeads]` what each head's scores lose for each position; a GPU's own powers are not exact. */
function slopes(lowering: Lowering, { inputs, params }: Node): Slot | undefined {
  const { alibi, headDim } = params as { alibi: number; headDim: number };
  if (alibi === 0) return undefined;
  const nHeads = colsOf(inputs[0]!) / headDim;
  const data = Float32Array.from({ length: nHeads }, (_, head) => alibiSlope(alibi, head, nHeads));
  return lowering.slotOf({ name: 'slopes', role: 'constant', quant: quantByName.get('f32')!, shape: [nHeads], data });
}
