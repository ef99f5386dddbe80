import type { Node, Value } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Grid, type Lowering, type Slot } from './calls.ts';
import { partsOf, type Part } from './parts.ts';
import { forms, stepNames, stepRanges, type Choice, type Sizes, type Steps, type Variant } from './variants.ts';

/**
 * Products of weights with activations. A product has a call for each kind of steps, and a step takes one of them. Kernels that multiply
 * integers or halves want activations in another form, which is made once for all matrices that they meet.
 */

export const lowerMatmul: Expansion = (lowering, node) => {
  for (const steps of stepNames) if (stepRanges[steps].from <= node.out.shape[0]!) lowerSteps(lowering, node, steps);
};

function lowerSteps(lowering: Lowering, node: Node, steps: Steps): void {
  const [weight, x, bias] = node.inputs as [Value, Value, Value?];
  const { variant, sizes } = lowering.surroundings.choose(node, steps);
  const taken = { x, steps, variant };
  const inputs = [formOf(lowering, node, taken), bias && lowering.slotOf(bias)];
  const files = [`quants/${weight.quant.name}`, ...variant.files];
  for (const [part, rows] of partsFor(lowering, weight)) {
    const { numbers, grid } = gridOf({ variant, sizes }, steps, rows.rowEnd - rows.rowBegin);
    lowering.calls.push({
      ...callOf(lowering, node, { weight, part }),
      ...saidOf(taken),
      inputs,
      kernel: { files, numbers: { ...numbersFor(node, rows), ...stridesOf(taken), ...numbers } },
      grid,
    });
  }
}

/** Workgroups along a grid's axis: what every device takes. */
const MOST_WORKGROUPS = 65535;

interface GridWithNumbers {
  readonly grid: Grid;
  readonly numbers: Sizes;
}

/** Blocks of `nRows` rows of the matrix lie along x, blocks of tokens along y. */
function gridOf({ variant, sizes }: Choice, steps: Steps, nRows: number): GridWithNumbers {
  const { threads, lanes, tileRows, tileTokens = 1 } = sizes;
  const blockRows = steps === 'few' ? (threads! / lanes!) * variant.threadRows : tileRows!;
  const x = Math.ceil(nRows / blockRows);
  if (x > MOST_WORKGROUPS && lanes! > 1)
    return gridOf({ variant, sizes: { ...sizes, lanes: lanes! / 2 } }, steps, nRows);
  return { grid: { x, y: (nTokens) => Math.ceil(nTokens / tileTokens) }, numbers: { ...sizes, rowBlocks: x } };
}

/** Activations as a kernel takes them. */
interface Taken {
  readonly x: Value;
  readonly steps: Steps;
  readonly variant: Variant;
}

/** When a call is made, and what is to be known of its variant. */
const saidOf = ({ steps, variant: { name, isPlain, tolerance } }: Taken) => ({
  from: stepRanges[steps].from,
  to: stepRanges[steps].to,
  ...(!isPlain && { variant: name }),
  ...(tolerance !== undefined && { tolerance }),
});

/** How vectors of activations lie; drawn in kernels/quantize_activations.wgsl. */
function stridesOf({ x, steps, variant }: Taken): Record<string, number> {
  const { vectors } = forms[variant.form];
  const isApart = steps === 'few' && vectors !== undefined;
  return isApart
    ? { unitsApart: 1, vectorsApart: colsOf(x) / 32 }
    : { unitsApart: vectors ?? FLOAT_VECTORS, vectorsApart: 1 };
}

/** Vectors of 32 floats. */
const FLOAT_VECTORS = 8;

/** Activations in a variant's form. Where that is another one, the first product that wants it makes it. */
function formOf(lowering: Lowering, node: Node, taken: Taken): Slot {
  const { x, steps, variant } = taken;
  const from = lowering.slotOf(x);
  const { vectors } = forms[variant.form];
  if (vectors === undefined) return from;
  const made = lowering.madeOf(from);
  const key = `${variant.form}, ${steps}`;
  let out = made.get(key);
  if (out) return out;
  const { threads } = lowering.surroundings;
  const units = colsOf(x) / 32;
  const nRows = Math.min(x.shape[0]!, stepRanges[steps].to);
  out = { name: `${variant.form} of ${x.name}`, role: 'activation', bytes: nRows * units * vectors * 16 };
  made.set(key, out);
  lowering.calls.push({
    node,
    ...saidOf(taken),
    kernel: {
      files: [`lib/put_${variant.form}`, 'quantize_activations'],
      numbers: { threads, cols: colsOf(x), ...stridesOf(taken) },
    },
    out,
    inputs: [from],
    rows: rowsOfNode(node),
    grid: { x: Math.ceil(units / threads), y: eachRow },
  });
  return out;
}

const eachRow = (nRows: number): number => nRows;

export const lowerAddProduct: Expansion = (lowering, node) => {
  const [x, weight, y] = node.inputs as [Value, Value, Value];
  const { threads } = lowering.surroundings;
  const files = [`quants/${weight.quant.name}`, 'add_product'];
  for (const [part, rows] of partsFor(lowering, weight)) {
    lowering.calls.push({
      ...callOf(lowering, node, { weight, part }),
      inputs: [lowering.slotOf(x), lowering.slotOf(y), lowering.slotOfNumber('by', node.params['by']!)],
      kernel: { files, numbers: { ...numbersFor(node, rows), threads } },
      grid: { x: Math.ceil((rows.rowEnd - rows.rowBegin) / threads), y: eachRow },
    });
  }
};

const partsFor = ({ surroundings: { bindingBytes } }: Lowering, weight: Value) =>
  partsOf(weight, bindingBytes).entries();

/** What calls for a part of a matrix have in common. */
const callOf = (lowering: Lowering, node: Node, matrix: NonNullable<Call['matrix']>) => ({
  node,
  out: lowering.slotOf(node.out),
  matrix,
  rows: rowsOfNode(node),
});

/** Numbers of a node's kernel for some rows of the matrix. */
const numbersFor = (node: Node, { rowBegin, rowEnd }: Part): Record<string, number> => ({
  ...numbersOf(node, 0),
  rowBegin,
  rows: rowEnd - rowBegin,
  outCols: colsOf(node.out),
  ofLogits: rowsOfNode(node) === 'logits' ? 1 : 0,
});
