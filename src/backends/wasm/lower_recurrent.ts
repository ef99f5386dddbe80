import { call, recordOf, rowsLayout, type Expansion, type RareExpansions } from './lower.ts';

/** The state of these lies in blocks of columns, as wide as the kernel says: each in one piece, however wide a head is. */
const inBlocks: Expansion = (lowering, node) => {
  const { op, inputs } = node;
  const unplaced = call(
    lowering,
    node,
    inputs.map(() => undefined),
  );
  const nColumns = lowering.sizes.ask(op.name, 'state_columns', recordOf(unplaced))!;
  for (const i of op.changes!) lowering.layouts.set(inputs[i]!, rowsLayout(inputs[i]!.shape[0]!, nColumns));
  const slots = inputs.map((input) => lowering.slotOf(input));
  lowering.calls.push(call(lowering, node, slots));
};

export const expansions: RareExpansions = new Map(['delta_net', 'ssm_scan'].map((op) => [op, inBlocks]));
