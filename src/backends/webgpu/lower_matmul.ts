import type { Node, Value } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Lowering } from './calls.ts';
import { partsOf, type Part } from './parts.ts';
import { isOfFloats } from './planes.ts';

/**
 * Products of weights with activations. A step of few rows reads the matrix for each of them, a step of many puts tiles of 32 rows
 * together: they are calls of two kernels, and a step takes one of them.
 */

/** Steps of so many rows are few. */
const FEW = 4;

/** Rows and columns of a tile, as kernels/lib/tile.wgsl has them. */
const TILE = 32;

/** Rows of a thread, as kernels/lib/row_sums.wgsl has them. */
const ROWS_OF_THREAD = 4;

/** Threads that share a row. */
const LANES = 16;

const eachRow = (nRows: number): number => nRows;

export const lowerMatmul: Expansion = (lowering, node) => {
  const [weight, x, bias] = node.inputs as [Value, Value, Value?];
  const { threads } = lowering.surroundings;
  const inputs = [lowering.slotOf(x), bias && lowering.slotOf(bias)];
  const twin = isOfFloats(weight.quant) ? '_floats' : '';
  const files = filesFor(weight);
  for (const [part, rows] of partsFor(lowering, weight)) {
    const shared = { ...callOf(lowering, node, { weight, part }), inputs };
    const numbers = { ...numbersFor(node, threads, rows), lanes: LANES };
    const nRows = rows.rowEnd - rows.rowBegin;
    const calls: Call[] = [
      {
        ...shared,
        kernel: { files: [...files, `mat_vec${twin}`], numbers },
        grid: { x: Math.ceil(nRows / ((threads / LANES) * ROWS_OF_THREAD)), y: eachRow },
        to: FEW,
      },
      {
        ...shared,
        kernel: { files: [...files, `mat_mul${twin}`], numbers },
        grid: { x: Math.ceil(nRows / TILE), y: (n) => Math.ceil(n / TILE) },
        from: FEW + 1,
      },
    ];
    lowering.calls.push(...calls.filter(({ from = 1 }) => from <= node.out.shape[0]!));
  }
};

export const lowerAddProduct: Expansion = (lowering, node) => {
  const [x, weight, y] = node.inputs as [Value, Value, Value];
  const { threads } = lowering.surroundings;
  const files = [`quants/${weight.quant.name}`, 'add_product'];
  for (const [part, rows] of partsFor(lowering, weight)) {
    lowering.calls.push({
      ...callOf(lowering, node, { weight, part }),
      inputs: [lowering.slotOf(x), lowering.slotOf(y)],
      kernel: { files, numbers: numbersFor(node, threads, rows) },
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
const numbersFor = (node: Node, threads: number, { rowBegin, rowEnd }: Part): Record<string, number> => ({
  ...numbersOf(node, threads),
  rowBegin,
  rows: rowEnd - rowBegin,
  outCols: colsOf(node.out),
  ofLogits: rowsOfNode(node) === 'logits' ? 1 : 0,
});

/** The files in front of a kernel: the weight's type, and how activations are read. */
function filesFor(weight: Value): readonly string[] {
  const type = `quants/${weight.quant.name}`;
  if (!isOfFloats(weight.quant)) return [type];
  return [type, colsOf(weight) % 4 === 0 ? 'lib/columns_in_fours' : 'lib/columns_of_any'];
}
