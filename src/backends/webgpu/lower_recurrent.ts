import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Expansion, type Slot } from './calls.ts';

/** A recurrent layer's gates, made first: a kernel may see eight buffers, and the layer has more inputs. */
interface Gated {
  /** The kernel that makes them `[nTokens, 2 * nHeads]`, and the inputs that it takes. */
  readonly kernel: string;
  readonly from: readonly number[];
  /** An input with a column for each head. */
  readonly heads: number;
  /** What the op's kernel takes: its inputs, and the gates in their place. */
  readonly inputs: readonly (number | 'gates')[];
}

const gatedOps: Readonly<Record<string, Gated>> = {
  delta_net: { kernel: 'delta_gates', from: [3, 4, 5, 6], heads: 3, inputs: [0, 1, 2, 'gates', 7] },
  ssm_scan: { kernel: 'ssm_gates', from: [3, 4, 6], heads: 3, inputs: [0, 1, 2, 'gates', 5, 7] },
};

export const lowerRecurrent: Expansion = (lowering, node) => {
  const { kernel, from, heads, inputs } = gatedOps[node.op.name]!;
  const { threads } = lowering.surroundings;
  const nHeads = colsOf(node.inputs[heads]!);
  const slot = (i: number): Slot => lowering.slotOf(node.inputs[i]!);
  const bytes = 2 * nHeads * node.out.shape[0]! * 4;
  const gates: Slot = { name: `gates of ${node.out.name}`, role: 'activation', bytes };
  const rows = rowsOfNode(node);
  const numbers = { ...numbersOf(node, threads), nHeads };
  lowering.calls.push(
    {
      node,
      rows,
      kernel: { files: [kernel], numbers },
      out: gates,
      inputs: from.map(slot),
      grid: { x: Math.ceil(nHeads / threads), y: (nRows) => nRows },
    },
    {
      node,
      rows,
      kernel: { files: [node.op.name], numbers },
      out: lowering.slotOf(node.out),
      inputs: inputs.map((i) => (i === 'gates' ? gates : slot(i))),
      grid: { x: Math.ceil(colsOf(node.out) / threads), y: () => 1 }, // a thread takes a column of all rows
    },
  );
};
