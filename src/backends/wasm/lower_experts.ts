import type { Node, Value } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import {
  activationSpan,
  at,
  call,
  quantizerOf,
  type Expansion,
  type Lowering,
  type RareExpansions,
  type Slot,
  type Word,
} from './lower.ts';

/**
 * Products with the matrices of chosen experts. Which rows chose which expert is listed once per layer; then each expert's matrix meets all
 * of its rows at once, by the kernel that multiplies one matrix, for which the rows of an expert lie side by side:
 *
 *     route → sort_choices ─┬→ sort_activations ─┬→ matmul_experts: gate → … → sort_activations → matmul_experts: down → mix_experts
 *                           └────────────────────└→ matmul_experts: up
 */
const multiplyExperts: Expansion = (lowering, node) => {
  const [w, , , bias] = node.inputs as [Value, Value, Value, Value | undefined];
  const choices = sortedChoices(lowering, node);
  const inputs = [lowering.slotOf(w), sorted(lowering, node, choices), choices, bias && lowering.slotOf(bias)];
  const product: Word = { type: 'kernel', name: `matmul_${w.quant.name}` };
  lowering.calls.push(call(lowering, node, inputs, [product, u32(rowBytes(lowering, node))]));
};

export const expansions: RareExpansions = new Map([['matmul_experts', multiplyExperts]]);

const u32 = (value: number): Word => ({ type: 'u32', value });

/** Bytes of one row as the product takes it. */
function rowBytes({ sizes }: Lowering, node: Node): number {
  const { quant, shape } = node.inputs[0]!;
  const cols = shape.at(-1)!;
  return quantizerOf(quant) ? sizes.activationsBytes(1, cols, activationSpan(quant)) : 4 * cols;
}

/** The most choices that a step can have. */
const maxChoices = (lowering: Lowering, chosen: Value): number => lowering.maxRows(chosen.rows!) * (colsOf(chosen) / 2);

/** What assembly/lib/choices.ts draws. */
function sortedChoices(lowering: Lowering, node: Node): Slot {
  const [w, , chosen] = node.inputs as [Value, Value, Value];
  const [nExperts] = w.shape as [number];
  const from = lowering.slotOf(chosen);
  const op = 'sort_choices';
  return lowering.formOf(from, op, () => {
    const bytes = 4 * (1 + 3 * nExperts + 2 * maxChoices(lowering, chosen));
    const out: Slot = { name: `${chosen.name}.${op}`, role: 'activation', bytes };
    const words = [at(out), at(from), u32(nExperts), u32(colsOf(chosen) / 2)];
    lowering.calls.push({ node, op, kernel: op, rows: chosen.rows!, outs: [out], inputs: [from], words });
    return out;
  });
}

/** Activations as the weights want them, a row for each choice, sorted by expert. */
function sorted(lowering: Lowering, node: Node, choices: Slot): Slot {
  const [w, x, chosen] = node.inputs as [Value, Value, Value];
  const from = lowering.slotOf(x);
  const quantizer = quantizerOf(w.quant);
  const op = 'sort_activations';
  return lowering.formOf(from, `${op} ${quantizer} ${choices.name}`, () => {
    const bytes = maxChoices(lowering, chosen) * rowBytes(lowering, node);
    const out: Slot = { name: `${x.name}.${op}`, role: 'activation', bytes };
    const quantize: Word = quantizer ? { type: 'kernel', name: quantizer } : u32(0);
    const scalars = [w.shape[0]!, colsOf(chosen) / 2, colsOf(w), colsOf(x)].map(u32); // nExperts, nUsed, cols, xCols
    const words = [at(out), at(from), at(choices), ...scalars, quantize];
    lowering.calls.push({ node, op, kernel: op, rows: x.rows!, outs: [out], inputs: [from, choices], words });
    return out;
  });
}
