import type { Node, Value } from '../../graph/graph.ts';
import { alibiSlope } from '../../ops/attention.ts';
import { colsOf } from '../../ops/op.ts';
import { quantByName } from '../../quants/index.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Grid, type Lowering, type Slot } from './calls.ts';
import { FEW } from './variants.ts';

/**
 * Attention and its caches, which lie on the device as `kernels/caches` says for each type. Attention of few tokens is cut along the
 * positions, that of many goes by tiles of queries.
 */

const perRow = (x: number): Grid => ({ x, y: (nRows) => nRows });

/** Numbers of a node with a cache. */
function numbersWith(cache: Value, node: Node, threads: number): Record<string, number> {
  const numbers = numbersOf(node, threads);
  const { headDim } = node.params as { headDim: number };
  const spreadFactor = 1 / Math.sqrt(Math.max(1, numbers['spread']!));
  return { ...numbers, nPositions: cache.shape[0]!, headDim, nFours: Math.ceil(headDim / 4), spreadFactor };
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

/** Threads of a workgroup. */
const THREADS = 64;

/** Workgroups that a step of one token makes, so that all cores of a device have work. */
export const SPLIT_WORKGROUPS = 128;

/** Query heads that share a key-value head go together: a vector has a number for each. */
const SPLIT = { numbers: 1024, mostRows: 4 };

/** Queries of a tile. Their numbers lie in a workgroup's memory, of which every device has 16 kB. */
const TILE = { numbers: 2048, mostRows: 32 };

/** Their names as variants; heads of any width, and devices that compute these wrongly, have the plain kernel. */
const SPLITS = 'attention in splits';
const TILES = 'attention in tiles';

export const lowerAttention: Expansion = (lowering, node) => {
  const { isRefused = () => false } = lowering.surroundings;
  const sizes = sizesOf(node);
  const fits = Number.isInteger(sizes.headDim / 4) && sizes.headDim <= TILE.numbers / 4;
  const is = (variant: string): boolean => fits && !isRefused(variant);
  if (is(SPLITS)) lowerFew(lowering, sizes);
  else lowerAnyHeads(lowering, sizes, { to: FEW });
  if (node.out.shape[0]! <= FEW) return;
  if (is(TILES)) lowerMany(lowering, sizes);
  else lowerAnyHeads(lowering, sizes, { from: FEW + 1 });
};

/** What attention is about. */
interface Sizes {
  readonly node: Node;
  readonly headDim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headsPerKv: number;
}

function sizesOf(node: Node): Sizes {
  const headDim = node.params['headDim']!;
  const nHeads = colsOf(node.out) / headDim;
  const nKvHeads = colsOf(node.inputs[1]!) / headDim;
  return { node, headDim, nHeads, nKvHeads, headsPerKv: nHeads / nKvHeads };
}

/** The files of a kernel that reads caches of the node's type. */
const filesFor = ({ inputs }: Node, kernel: string): string[] => [`caches/${inputs[1]!.quant.name}`, kernel];

/** Queries, keys, values. */
const threeOf = (lowering: Lowering, { inputs }: Node): Slot[] =>
  inputs.slice(0, 3).map((value) => lowering.slotOf(value));

const sinksOf = (lowering: Lowering, { inputs: [, , , sinks] }: Node): Slot | undefined =>
  sinks && lowering.slotOf(sinks);

/** Heads of any width: a workgroup for each head of each token. */
function lowerAnyHeads(lowering: Lowering, { node, nHeads }: Sizes, range: Pick<Call, 'from' | 'to'>): void {
  const { threads } = lowering.surroundings;
  lowering.calls.push({
    node,
    kernel: { files: filesFor(node, 'attention'), numbers: numbersWith(node.inputs[1]!, node, threads) },
    out: lowering.slotOf(node.out),
    inputs: [...threeOf(lowering, node), sinksOf(lowering, node), slopesOf(lowering, node)],
    rows: rowsOfNode(node),
    grid: perRow(nHeads),
    ...range,
  });
}

/** Splits, then what joins them. */
function lowerFew(lowering: Lowering, { node, headDim, nHeads, nKvHeads, headsPerKv }: Sizes): void {
  const cache = node.inputs[1]!;
  const nShares = Math.ceil(headsPerKv / Math.min(SPLIT.mostRows, Math.floor(SPLIT.numbers / headDim)));
  const queryRows = Math.ceil(headsPerKv / nShares);
  const threads = Math.max(THREADS, 2 ** Math.ceil(Math.log2(headDim / 4)));
  const nGroups = nKvHeads * nShares;
  const nSplits = Math.min(Math.ceil(SPLIT_WORKGROUPS / nGroups), Math.ceil(cache.shape[0]! / threads));
  const numbers = { ...numbersWith(cache, node, threads), nSplits, blockRows: threads, queryRows };
  const bytes = Math.min(FEW, node.out.shape[0]!) * nHeads * nSplits * (headDim + 4) * 4;
  const parts: Slot = { name: `parts of ${node.out.name}`, role: 'activation', bytes };
  const shared = { node, rows: rowsOfNode(node), to: FEW, variant: SPLITS };
  lowering.calls.push(
    {
      ...shared,
      kernel: {
        files: filesFor(node, 'attention_split'),
        numbers: { ...numbers, nFours: (queryRows * headDim) / 4 },
      },
      out: parts,
      inputs: [...threeOf(lowering, node), slopesOf(lowering, node)],
      grid: perRow(nGroups * nSplits),
    },
    {
      ...shared,
      kernel: { files: ['attention_join'], numbers },
      out: lowering.slotOf(node.out),
      inputs: [parts, sinksOf(lowering, node)],
      grid: perRow(nHeads),
    },
  );
}

function lowerMany(lowering: Lowering, { node, headDim, nKvHeads, headsPerKv }: Sizes): void {
  const queryRows = Math.min(TILE.mostRows, 2 ** Math.floor(Math.log2(TILE.numbers / headDim)));
  const nFours = (queryRows * headDim) / 4;
  lowering.calls.push({
    node,
    kernel: {
      files: filesFor(node, 'attention_tile'),
      numbers: { ...numbersWith(node.inputs[1]!, node, THREADS), queryRows, nFours },
    },
    out: lowering.slotOf(node.out),
    inputs: [...threeOf(lowering, node), sinksOf(lowering, node), slopesOf(lowering, node)],
    rows: rowsOfNode(node),
    from: FEW + 1,
    variant: TILES,
    grid: { x: nKvHeads, y: (nRows) => Math.ceil((nRows * headsPerKv) / queryRows) },
  });
}

/** `[nHeads]` what each head's scores lose for each position; a GPU's own powers are not exact. */
function slopesOf(lowering: Lowering, { inputs, params }: Node): Slot | undefined {
  const { alibi, headDim } = params as { alibi: number; headDim: number };
  if (alibi === 0) return undefined;
  const nHeads = colsOf(inputs[0]!) / headDim;
  const data = Float32Array.from({ length: nHeads }, (_, head) => alibiSlope(alibi, head, nHeads));
  return lowering.slotOf({ name: 'slopes', role: 'constant', quant: quantByName.get('f32')!, shape: [nHeads], data });
}
