import type { Node, Value } from '../../graph/graph.ts';
import { alibiSlope, attention } from '../../ops/attention.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { colsOf } from '../../ops/op.ts';
import { rope } from '../../ops/rope.ts';
import { quantByName } from '../../quants/index.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Grid, type Lowering, type Slot } from './calls.ts';
import { plain } from './lower_plain.ts';
import { hasKernel } from './sources.ts';
import { FEW } from './variants.ts';

/**
 * Attention and its caches, which lie on the device as `kernels/caches` says for each type. Attention of few tokens is cut along the
 * positions, that of many goes by tiles of queries. On software, which has no use for many workgroups, few tokens are small tiles.
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
  const stored = storedTogether(lowering, node);
  if (stored) return node === stored.values ? lowerStores(lowering, stored) : undefined;
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

/** Keys and values of a layer that a kernel stores together, and turns the keys before. */
interface Stored {
  readonly turn: Node;
  readonly keys: Node;
  readonly values: Node;
}

/** Its name as a variant; without it, keys are turned, and both are stored, one after the other. */
const STORE = 'keys turned where they are stored';

/** What a store belongs to: those of keys and values follow each other. */
function storedTogether(lowering: Lowering, node: Node): Stored | undefined {
  const { nodes } = lowering.graph;
  const at = nodes.indexOf(node);
  const pairs = [nodes.slice(at - 1, at + 1), nodes.slice(at, at + 2)];
  return pairs.map(([keys, values]) => keys && values && storedBy(lowering, keys, values)).find((each) => each);
}

function storedBy(lowering: Lowering, keys: Node, values: Node): Stored | undefined {
  const turn = lowering.makers.get(keys.inputs[0]!);
  if (keys.op !== kvStore || values.op !== kvStore || turn?.op !== rope) return undefined;
  if (lowering.surroundings.isRefused?.(STORE) || !hasKernel(`lib/into_${keys.out.quant.name}`)) return undefined;
  const isAlone = lowering.readersAlone(turn.out)?.length === 1;
  const areAlike = keys.out.quant === values.out.quant && String(keys.out.shape) === String(values.out.shape);
  return isAlone && areAlike && canTurn(turn, keys.params['headDim']!) ? { turn, keys, values } : undefined;
}

/** Whether kernels can turn heads on the way: pairs are in fours of columns. */
function canTurn({ inputs, params }: Node, headDim: number): boolean {
  const ropeDim = colsOf(inputs[1]!);
  return params['headDim'] === headDim && headDim % 4 === 0 && ropeDim % (params['neox'] ? 8 : 4) === 0;
}

function lowerStores(lowering: Lowering, { turn, keys, values }: Stored): void {
  const { threads } = lowering.surroundings;
  const numbers = numbersWith(keys.out, keys, threads);
  const [k, angles] = turn.inputs.map((value) => lowering.slotOf(value));
  lowering.calls.push({
    node: keys,
    nodes: [turn, keys, values],
    kernel: {
      files: [`lib/into_${keys.out.quant.name}`, 'kv_store_turned'],
      numbers: { ...numbers, ...turningOf(turn) },
    },
    out: lowering.slotOf(keys.out),
    inputs: [k, lowering.slotOf(values.inputs[0]!), angles, lowering.slotOf(values.out)],
    rows: rowsOfNode(keys),
    variant: STORE,
    grid: perRow(Math.ceil(numbers['kvDim']! / 2 / threads)),
  });
}

/** What kernels that turn on the way have to know of a rope; without one, they turn nothing. */
const turningOf = (turn: Node | undefined) => ({
  ropeDim: turn ? colsOf(turn.inputs[1]!) : 0,
  neox: turn ? turn.params['neox']! : 0,
});

/** A rope that is done where its result is taken has no call of its own. */
export const lowerRope: Expansion = (lowering, node) => {
  const [reader] = lowering.readersAlone(node.out) ?? [];
  if (!reader || turnOf(lowering, reader) !== node) plain(lowering, node);
};

/** The rope that a node's calls do. */
function turnOf(lowering: Lowering, node: Node): Node | undefined {
  if (node.op === kvStore) return storedTogether(lowering, node)?.turn;
  if (node.op !== attention || !isFast(lowering, node)) return undefined;
  const turn = lowering.makers.get(node.inputs[0]!);
  const isAlone = turn?.op === rope && lowering.readersAlone(turn.out)?.length === 1;
  return isAlone && canTurn(turn, node.params['headDim']!) ? turn : undefined;
}

/** Threads of a workgroup. */
const THREADS = 64;

/** Workgroups that a step of one token makes, so that all cores of a device have work. */
export const SPLIT_WORKGROUPS = 128;

/** Query heads that share a key-value head go together: a vector has a number for each. */
const SPLIT = { numbers: 1024, mostRows: 4 };

/** Queries of a tile. Their numbers lie in a workgroup's memory, of which every device has 16 kB. */
const TILE = { numbers: 2048, mostRows: 32 };

/** Queries of a small one, and the least threads: one vector of a processor's, so that barriers cost nothing. */
const SMALL_TILE = { queryRows: 4, threads: 8 };

/** Their names as variants; heads of any width, and devices that compute these wrongly, have the plain kernel. */
const SPLITS = 'attention in splits';
const TILES = 'attention in tiles';
export const SMALL_TILES = 'attention in small tiles';

export const lowerAttention: Expansion = (lowering, node) => {
  const sizes = sizesOf(node, turnOf(lowering, node));
  if (takesSmallTiles(lowering, node)) lowerTiles(lowering, sizes, smallTiles(sizes));
  else if (takes(lowering, node, SPLITS)) lowerFew(lowering, sizes);
  else lowerAnyHeads(lowering, sizes, { to: FEW });
  if (node.out.shape[0]! <= FEW) return;
  if (takes(lowering, node, TILES)) lowerTiles(lowering, sizes, tiles(sizes));
  else lowerAnyHeads(lowering, sizes, { from: FEW + 1 });
};

/** Whether a node is done by a variant. */
function takes({ surroundings: { isRefused } }: Lowering, { params }: Node, variant: string): boolean {
  const headDim = params['headDim']!;
  return headDim % 4 === 0 && headDim <= TILE.numbers / 4 && !isRefused?.(variant);
}

const takesSmallTiles = (lowering: Lowering, node: Node): boolean =>
  lowering.surroundings.isSoftware === true && takes(lowering, node, SMALL_TILES);

/** Whether no step takes the plain kernel. */
const isFast = (lowering: Lowering, node: Node): boolean =>
  (takesSmallTiles(lowering, node) || takes(lowering, node, SPLITS)) && takes(lowering, node, TILES);

/** What attention is about. */
interface Sizes {
  readonly node: Node;
  /** The rope of its queries that it does. */
  readonly turn: Node | undefined;
  readonly headDim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headsPerKv: number;
}

function sizesOf(node: Node, turn: Node | undefined): Sizes {
  const headDim = node.params['headDim']!;
  const nHeads = colsOf(node.out) / headDim;
  const nKvHeads = colsOf(node.inputs[1]!) / headDim;
  return { node, turn, headDim, nHeads, nKvHeads, headsPerKv: nHeads / nKvHeads };
}

/** The files of a kernel that reads caches of the node's type. */
const filesFor = ({ inputs }: Node, kernel: string): string[] => [`caches/${inputs[1]!.quant.name}`, kernel];

/** Queries, keys, values. */
const threeOf = (lowering: Lowering, { node, turn }: Pick<Sizes, 'node' | 'turn'>): Slot[] =>
  [turn?.inputs[0] ?? node.inputs[0]!, node.inputs[1]!, node.inputs[2]!].map((value) => lowering.slotOf(value));

const anglesOf = (lowering: Lowering, turn: Node | undefined): Slot | undefined =>
  turn && lowering.slotOf(turn.inputs[1]!);

/** What its calls do. */
const nodesOf = ({ node, turn }: Sizes): Node[] => (turn ? [turn, node] : [node]);

const sinksOf = (lowering: Lowering, { inputs: [, , , sinks] }: Node): Slot | undefined =>
  sinks && lowering.slotOf(sinks);

/** Heads of any width: a workgroup for each head of each token. */
function lowerAnyHeads(lowering: Lowering, { node, nHeads }: Sizes, range: Pick<Call, 'from' | 'to'>): void {
  const { threads } = lowering.surroundings;
  lowering.calls.push({
    node,
    kernel: { files: filesFor(node, 'attention'), numbers: numbersWith(node.inputs[1]!, node, threads) },
    out: lowering.slotOf(node.out),
    inputs: [...threeOf(lowering, { node, turn: undefined }), sinksOf(lowering, node), slopesOf(lowering, node)],
    rows: rowsOfNode(node),
    grid: perRow(nHeads),
    ...range,
  });
}

/** Splits, then what joins them. */
function lowerFew(lowering: Lowering, sizes: Sizes): void {
  const { node, turn, headDim, nHeads, nKvHeads, headsPerKv } = sizes;
  const cache = node.inputs[1]!;
  const nShares = Math.ceil(headsPerKv / Math.min(SPLIT.mostRows, Math.floor(SPLIT.numbers / headDim)));
  const queryRows = Math.ceil(headsPerKv / nShares);
  const threads = Math.max(THREADS, 2 ** Math.ceil(Math.log2(headDim / 4)));
  const nGroups = nKvHeads * nShares;
  const nSplits = Math.min(Math.ceil(SPLIT_WORKGROUPS / nGroups), Math.ceil(cache.shape[0]! / threads));
  const numbers = { ...numbersWith(cache, node, threads), ...turningOf(turn), nSplits, blockRows: threads, queryRows };
  const bytes = Math.min(FEW, node.out.shape[0]!) * nHeads * nSplits * (headDim + 4) * 4;
  const parts: Slot = { name: `parts of ${node.out.name}`, role: 'activation', bytes };
  const shared = { node, nodes: nodesOf(sizes), rows: rowsOfNode(node), to: FEW, variant: SPLITS };
  lowering.calls.push(
    {
      ...shared,
      kernel: {
        files: filesFor(node, 'attention_split'),
        numbers: { ...numbers, nFours: (queryRows * headDim) / 4 },
      },
      out: parts,
      inputs: [...threeOf(lowering, sizes), slopesOf(lowering, node), anglesOf(lowering, turn)],
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

/** Tiles of a size, and the steps that take them. */
interface Tiles extends Pick<Call, 'from' | 'to'> {
  readonly variant: string;
  readonly queryRows: number;
  readonly threads: number;
}

const tiles = ({ headDim }: Sizes): Tiles => {
  const queryRows = Math.min(TILE.mostRows, 2 ** Math.floor(Math.log2(TILE.numbers / headDim)));
  return { variant: TILES, queryRows, threads: THREADS, from: FEW + 1 };
};

/** A thread has eight columns of a head at most. */
const smallTiles = ({ headDim }: Sizes): Tiles => {
  const { queryRows, threads } = SMALL_TILE;
  return {
    variant: SMALL_TILES,
    queryRows,
    threads: Math.max(threads, 2 ** Math.ceil(Math.log2(headDim / 8))),
    to: FEW,
  };
};

function lowerTiles(lowering: Lowering, sizes: Sizes, { queryRows, threads, ...said }: Tiles): void {
  const { node, turn, headDim, nKvHeads, headsPerKv } = sizes;
  const nFours = (queryRows * headDim) / 4;
  lowering.calls.push({
    node,
    nodes: nodesOf(sizes),
    kernel: {
      files: filesFor(node, 'attention_tile'),
      numbers: { ...numbersWith(node.inputs[1]!, node, threads), ...turningOf(turn), queryRows, nFours },
    },
    out: lowering.slotOf(node.out),
    inputs: [...threeOf(lowering, sizes), sinksOf(lowering, node), slopesOf(lowering, node), anglesOf(lowering, turn)],
    rows: rowsOfNode(node),
    grid: { x: nKvHeads, y: (nRows) => Math.ceil((nRows * headsPerKv) / queryRows) },
    ...said,
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
