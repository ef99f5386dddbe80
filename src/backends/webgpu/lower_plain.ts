import type { Node } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Call, type Expansion, type Grid, type Lowering } from './calls.ts';
import type { Kernel } from './pipelines.ts';
import { kernelSource } from './sources.ts';

/** One call of the kernel with the op's name. */
export const plain: Expansion = (lowering, node) => void lowering.calls.push(plainCall(lowering, node));

export function plainCall(lowering: Lowering, node: Node): Call {
  const { op, inputs, out } = node;
  const { threads } = lowering.surroundings;
  const numbers = numbersOf(node, threads);
  const weight = op.quantInput === undefined ? undefined : inputs[op.quantInput]!;
  const isMatrix = weight?.role === 'weight';
  const files = isMatrix ? [`quants/${weight.quant.name}`, op.name] : [op.name];
  const given = inputs.filter((input, i) => !(isMatrix && input === weight) && i !== op.outInput);
  const leftOut = new Array<undefined>(Math.max(0, (op.maxInputs ?? 0) - inputs.length)).fill(undefined);
  return {
    node,
    kernel: { files, numbers },
    out: lowering.slotOf(out),
    inputs: [...given.map((input) => lowering.slotOf(input)), ...leftOut],
    ...(isMatrix && { matrix: { weight, part: 0 } }),
    rows: rowsOfNode(node),
    grid: gridOf(node, { files, numbers }),
  };
}

const oneRow = (nRows: number): number => nRows;

/** The grid that a kernel's own file asks for. */
export function gridOf(node: Node, { files, numbers }: Kernel): Grid {
  const cols = colsOf(node.out);
  const threads = Math.ceil(cols / numbers['threads']!);
  const grids: Readonly<Record<string, Grid>> = {
    'a workgroup a row': { x: 1, y: oneRow },
    'a workgroup a group': { x: cols / (numbers['groupCols'] ?? cols), y: oneRow },
    'a thread a number': { x: threads, y: oneRow },
    'a thread a column': { x: threads, y: () => 1 }, // which takes all rows of the step
  };
  const { grid = 'none' } = kernelSource(files);
  if (!(grid in grids))
    throw new TypeError(
      `kernels/${files.at(-1)}.wgsl has grid "${grid}", expected one of ${Object.keys(grids).join(', ')}`,
    );
  return grids[grid]!;
}
