import type { Node, Value } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { colsOf } from '../../ops/op.ts';
import {
  addBehind,
  BEGUN,
  begunNorm,
  begunPlace,
  GATED,
  gateBehind,
  isGated,
  joinedWith,
  makerFor,
  makerOnTheWay,
  makers,
  nodesAround,
  normBehind,
} from './fusions.ts';
import { plain, plainCall } from './lower_plain.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Grid, type Lowering, type Slot } from './calls.ts';
import { firstRowOf, JOINED } from './joins.ts';
import { partsOf, type Part } from './parts.ts';
import {
  FEW,
  forms,
  gatedFiles,
  normedFiles,
  stepNames,
  stepRanges,
  type Choice,
  type Sizes,
  type Steps,
  type Variant,
} from './variants.ts';

/**
 * Products of weights with activations. A product has a call for each kind of steps, and a step takes one of them. Kernels that multiply
 * integers or halves want activations in another form, which is made once for all matrices that they meet.
 */

export const lowerMatmul: Expansion = (lowering, node) => {
  const joined = joinedWith(lowering, node);
  if (joined) return node === joined[0] ? lowerProduct(lowering, { node, joined }) : undefined;
  if (!addBehind(lowering, node)) lowerProduct(lowering, { node });
};

/** A sum: a product that is made for it alone adds the other operand itself. */
export const lowerAdd: Expansion = (lowering, node) => {
  const products = node.inputs.map((value) => lowering.makers.get(value));
  const product = products.find((each) => each && addBehind(lowering, each) === node);
  if (product) lowerProduct(lowering, { node: product, add: node });
  else plain(lowering, node);
};

/** A product, and what its calls do beside it. */
interface Product {
  readonly node: Node;
  /** The sum behind it. */
  readonly add?: Node;
  /** It, and others that are made with it. */
  readonly joined?: readonly Node[];
}

function lowerProduct(lowering: Lowering, product: Product): void {
  for (const steps of stepNames)
    if (stepRanges[steps].from <= product.node.out.shape[0]!) lowerSteps(lowering, product, steps);
}

function lowerSteps(lowering: Lowering, product: Product, steps: Steps): void {
  const { node, add, joined } = product;
  const [weight, x, bias] = node.inputs as [Value, Value, Value?];
  const { variant, sizes } = lowering.surroundings.choose(node, steps);
  const taken = { x, steps, variant };
  const added = add ? add.inputs.find((value) => value !== node.out) : bias;
  const { gate, norm, from, said } = besideOf(lowering, product, steps);
  const inputs = [from?.slot ?? formOf(lowering, node, taken), added && lowering.slotOf(added)];
  if (norm) inputs.push(lowering.slotOf(norm.weight), norm.slot);
  const about = { nInputs: added ? 3 : 2, addedApart: add ? colsOf(node.out) : 0 };
  const files = gate ? gatedFiles(variant, gate.op.name) : norm ? normedFiles(variant) : variant.files;
  const whole = joined && wholeSlot(lowering, joined);
  const join = lowering.surroundings.joins?.get(weight.name);
  for (const [part, rows] of partsFor(lowering, joined ? join!.whole : weight)) {
    const { numbers, grid } = gridOf({ variant, sizes }, steps, rows.rowEnd - rows.rowBegin);
    lowering.calls.push({
      ...callOf(lowering, node, { weight, part }),
      ...saidOf(taken),
      ...said,
      out: (!gate && whole) || lowering.slotOf((gate ?? add ?? node).out),
      begun: norm?.slot,
      inputs,
      kernel: {
        files: [`quants/${weight.quant.name}`, ...files],
        numbers: {
          ...numbersFor(node, rows),
          ...placesOf(lowering, rows, joined),
          firstRow: join ? firstRowOf(join, weight.name) : 0,
          squaresAt: (norm ?? from)?.squaresAt ?? 0,
          ...(from && { nSquares: from.nSquares, epsBits: from.epsBits }),
          ...stridesOf(taken),
          ...numbers,
          ...about,
        },
      },
      grid,
    });
  }
}

/** What a product's call does beside it in such steps: a gate, a norm that it begins, one that was begun before it. */
function besideOf(lowering: Lowering, { node, add, joined }: Product, steps: Steps) {
  const x = node.inputs[1]!;
  const gate = gateBehind(lowering, joined, steps);
  const behind = add && normBehind(lowering, add, steps);
  const before = begunNorm(lowering, lowering.makers.get(x), steps);
  const maker = makerOnTheWay(lowering, x, steps);
  const around = behind ?? before;
  const others = around ? nodesAround(lowering, around, steps) : [joined ?? node, gate ?? [], add ?? []].flat();
  const variant = around ? BEGUN : gate ? GATED : joined ? JOINED : undefined;
  return {
    gate,
    norm: behind && { ...begunPlace(lowering, behind), weight: behind.norm.inputs[1]! },
    from: before && begunPlace(lowering, before),
    said: { nodes: maker && !before ? [maker, ...others] : others, ...(variant && { variant }) },
  };
}

/** Where products that are made together lie; the calls of all steps share it. */
function wholeSlot(lowering: Lowering, joined: readonly Node[]): Slot {
  const outs = joined.map(({ out }) => out);
  return lowering.slots.get(outs[0]!)?.within?.slot ?? lowering.slotOfAll(outs);
}

/** What kernels/lib/shape.wgsl says of the second matrix and the third. */
function placesOf(
  lowering: Lowering,
  { rowBegin, rowEnd }: Part,
  joined: readonly Node[] = [],
): Record<string, number> {
  const [second, third] = joined.slice(1).map(({ out }) => lowering.slotOf(out).within!.offset / 4);
  const rows = joined.map(({ out }) => colsOf(out));
  const end = rowEnd - rowBegin;
  return {
    secondRow: second ? rows[0]! : end,
    secondAt: second ?? 0,
    thirdRow: third ? rows[0]! + rows[1]! : end,
    thirdAt: third ?? 0,
  };
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

export const lowerMaker: Expansion = (lowering, node) => {
  if (makerFor(lowering, node.out)) return;
  if (!isGated(lowering, node, 'few')) plain(lowering, node);
  else if (node.out.shape[0]! > FEW) lowering.calls.push({ ...plainCall(lowering, node), from: FEW + 1 });
};

/** Activations in a variant's form. Where they are not there in that form, the first product that wants it makes it. */
function formOf(lowering: Lowering, node: Node, taken: Taken): Slot {
  const { x, steps, variant } = taken;
  const maker = makerOnTheWay(lowering, x, steps);
  const from = lowering.slotOf(x);
  const { vectors } = forms[variant.form];
  const made = lowering.madeOf(from);
  const key = `${variant.form}, ${steps}`;
  let out = made.get(key);
  if (out) return out;
  const said = { ...saidOf(taken), ...(maker && { nodes: [maker, node] }) };
  if (vectors !== undefined) {
    const nRows = Math.min(x.shape[0]!, stepRanges[steps].to);
    const bytes = nRows * (colsOf(x) / 32) * vectors * 16;
    out = { name: `${variant.form} of ${x.name}`, role: 'activation', bytes };
    lowering.calls.push({ ...quantizeCall(lowering, node, taken), ...said, out });
  } else {
    out = from;
    if (maker) lowering.calls.push({ ...plainCall(lowering, maker), from: said.from, to: said.to });
  }
  made.set(key, out);
  return out;
}

function quantizeCall(lowering: Lowering, node: Node, taken: Taken): Omit<Call, 'out'> {
  const { x, steps, variant } = taken;
  const { threads } = lowering.surroundings;
  const maker = makerOnTheWay(lowering, x, steps);
  const [file, inputs] = maker ? [makers.get(maker.op)!, maker.inputs] : ['lib/of_x', [x]];
  const numbers = { ...(maker && numbersOf(maker, threads)), threads, cols: colsOf(x), ...stridesOf(taken) };
  return {
    node,
    kernel: { files: [file, `lib/put_${variant.form}`, 'quantize_activations'], numbers },
    inputs: inputs.map((value) => lowering.slotOf(value)),
    rows: rowsOfNode(node),
    grid: { x: Math.ceil(colsOf(x) / 32 / threads), y: eachRow },
  };
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

const partsFor = ({ surroundings: { bindingBytes } }: Lowering, weight: Tensor) =>
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
