import type { Node, Value } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Lowering, type Slot } from './calls.ts';
import { partsOf, type Part } from './parts.ts';
import { FEW, forms, type Sizes, type Steps, type Variant } from './variants.ts';

/**
 * Products of weights with activations. A step of few rows reads the matrix for each of them, a step of many goes by tiles: they are
 * calls of two kernels, and a step takes one of them. Kernels that multiply integers or halves want activations in another form, which is
 * made once for all matrices that they meet.
 */

const ranges: Readonly<Record<Steps, Pick<Call, 'from' | 'to'>>> = { few: { to: FEW }, many: { from: FEW + 1 } };

export const lowerMatmul: Expansion = (lowering, node) => {
  lowerSteps(lowering, node, 'few');
  if (node.out.shape[0]! > FEW) lowerSteps(lowering, node, 'many');
};

function lowerSteps(lowering: Lowering, node: Node, steps: Steps): void {
  const [weight, x, bias] = node.inputs as [Value, Value, Value?];
  const { variant, sizes } = lowering.surroundings.choose(node, steps);
  const inputs = [formOf(lowering, node, { x, variant, steps }), bias && lowering.slotOf(bias)];
  const files = [`quants/${weight.quant.name}`, ...variant.files];
  for (const [part, rows] of partsFor(lowering, weight)) {
    const nRows = rows.rowEnd - rows.rowBegin;
    const fitting = steps === 'few' ? withRoom(sizes, nRows) : sizes;
    lowering.calls.push({
      ...callOf(lowering, node, { weight, part }),
      ...ranges[steps],
      inputs,
      kernel: { files, numbers: { ...numbersFor(node, rows), ...fitting } },
      grid: grids[steps](nRows, fitting),
      ...named(variant),
    });
  }
}

/** Rows of a thread, as kernels/lib/few_rows.wgsl has them. */
const ROWS_OF_THREAD = 4;

const rowsOfGroup = ({ threads, lanes }: Sizes): number => (threads! / lanes!) * ROWS_OF_THREAD;

/** Workgroups along a grid's axis: what every device takes. */
const MOST_WORKGROUPS = 65535;

/** Sizes with so few lanes that there are not too many workgroups. */
const withRoom = (sizes: Sizes, nRows: number): Sizes =>
  nRows <= MOST_WORKGROUPS * rowsOfGroup(sizes) ? sizes : withRoom({ ...sizes, lanes: sizes['lanes']! / 2 }, nRows);

const eachRow = (nRows: number): number => nRows;

const grids: Readonly<Record<Steps, (nRows: number, sizes: Sizes) => Call['grid']>> = {
  few: (nRows, sizes) => ({ x: Math.ceil(nRows / rowsOfGroup(sizes)), y: eachRow }),
  many: (nRows, { tileRows, tileTokens }) => ({
    x: Math.ceil(nRows / tileRows!),
    y: (nTokens) => Math.ceil(nTokens / tileTokens!),
  }),
};

/** What a call says of its variant. */
const named = ({ name, isPlain, tolerance }: Variant): Pick<Call, 'variant' | 'tolerance'> => ({
  ...(!isPlain && { variant: name }),
  ...(tolerance !== undefined && { tolerance }),
});

interface Wanted {
  readonly x: Value;
  readonly variant: Variant;
  readonly steps: Steps;
}

/** Activations as a kernel takes them. Where that is another form, the first product that wants it makes it. */
function formOf(lowering: Lowering, node: Node, { x, variant, steps }: Wanted): Slot {
  const { form } = variant;
  const from = lowering.slotOf(x);
  const { vectors } = forms[form];
  if (vectors === undefined) return from;
  const made = lowering.madeOf(from);
  const found = made.get(`${form}, ${steps}`);
  if (found) return found;
  const { threads } = lowering.surroundings;
  const units = colsOf(x) / 32;
  const nRows = Math.min(x.shape[0]!, ranges[steps].to ?? Infinity);
  const out: Slot = { name: `${form} of ${x.name}`, role: 'activation', bytes: nRows * units * vectors * 16 };
  made.set(`${form}, ${steps}`, out);
  lowering.calls.push({
    node,
    ...ranges[steps],
    kernel: { files: [`lib/put_${form}`, 'quantize_activations'], numbers: { threads, cols: colsOf(x) } },
    ...named(variant),
    out,
    inputs: [from],
    rows: rowsOfNode(node),
    grid: { x: Math.ceil(units / threads), y: eachRow },
  });
  return out;
}

export const lowerAddProduct: Expansion = (lowering, node) => {
  const [x, weight, y] = node.inputs as [Value, Value, Value];
  const { threads } = lowering.surroundings;
  const files = [`quants/${weight.quant.name}`, 'add_product'];
  for (const [part, rows] of partsFor(lowering, weight)) {
    lowering.calls.push({
      ...callOf(lowering, node, { weight, part }),
      inputs: [lowering.slotOf(x), lowering.slotOf(y)],
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
