import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Expansion } from './calls.ts';
import { partsOf } from './parts.ts';
import { isOfFloats } from './planes.ts';

/** A call for each part of the table; each makes the rows of the tokens that are in its part. */
export const lowerEmbed: Expansion = (lowering, node) => {
  const { threads, bindingBytes } = lowering.surroundings;
  const table = node.inputs[0]!;
  const { quant } = table;
  const files = [`quants/${quant.name}`, ...(isOfFloats(quant) ? [] : ['lib/unit_weights']), node.op.name];
  for (const [part, { rowBegin, rowEnd }] of partsOf(table, bindingBytes).entries()) {
    const numbers = { ...numbersOf(node, threads), firstRow: rowBegin, endRow: rowEnd };
    lowering.calls.push({
      node,
      kernel: { files, numbers },
      out: lowering.slotOf(node.out),
      inputs: [],
      matrix: { weight: table, part },
      rows: rowsOfNode(node),
      grid: { x: Math.ceil(colsOf(node.out) / 4 / threads), y: (nRows) => nRows },
    });
  }
};
