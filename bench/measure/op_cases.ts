import type { Graph, Node, Op, Value } from '../../src/graph/graph.ts';
import { attention } from '../../src/ops/attention.ts';
import { deltaNet } from '../../src/ops/delta_net.ts';
import { ssmScan } from '../../src/ops/ssm_scan.ts';
import { buildCase, decodeRows, errorOf, expected, type BuiltCase, type TimedCase } from '../../test/cases/op_case.ts';
import type { BenchCase, Check } from './bench_case.ts';
import { kernelsOf, type Cases, type MatmulOptions } from './matmul_cases.ts';

/** What multiplies and adds, where there is much of it; the others are bounded by memory. */
const products: readonly Op[] = [attention, deltaNet, ssmScan];

/** Makes one case ready; its memory goes with `close`. */
export async function opCase(timed: TimedCase, { home }: Pick<MatmulOptions, 'home'>): Promise<Cases> {
  const built = buildCase(timed);
  const { flops, bytes } = timed.op.cost(built.node, built.step);
  const repeats = home.repeatsOf({ nNodes: timed.copies, bytes: bytes * timed.copies });
  const graph = repeated(built, timed.copies, repeats);
  const weights = built.node.inputs.filter(({ role }) => role === 'weight');
  const opened = await home.open({ weights, graph });
  const { backend } = opened;
  const files = new Map(built.operands.map(({ value, bytes }) => [value.name, bytes]));
  await backend.upload(weights, {
    read: async ({ name }, offset, into) => into.set(files.get(name)!.subarray(offset, offset + into.length)),
  });
  const program = backend.prepare(graph);
  for (const { inputs } of graph.nodes) {
    for (const [i, input] of inputs.entries()) {
      if (input.role === 'state') await program.writeState(input, 0, built.operands[i]!.bytes);
    }
  }
  const check = async (): Promise<Check> => {
    await program.run(built.step);
    const { out } = graph.nodes.at(-1)!;
    const came =
      out.role === 'state'
        ? decodeRows(await program.readState(out, 0, graph.nCtx), out.quant.name)
        : await program.read(out);
    return { error: errorOf(came, expected(built)[0]!), tolerance: timed.tolerance * home.leeway };
  };
  const single = { ...graph, nodes: graph.nodes.slice(0, 1), logits: graph.nodes[0]!.out };
  const isProduct = products.includes(timed.op);
  const one: BenchCase = {
    op: timed.op.name,
    name: timed.name,
    check,
    run: opened.timed(() => program.run(built.step)),
    bytes: bytes * graph.nodes.length,
    macs: isProduct ? (flops / 2) * graph.nodes.length : 0,
    limits: { bytes: isProduct ? 'read' : 'copy', macs: 'f32' },
    kernels: home.tellsKernels ? await kernelsOf(backend, single, built.step) : undefined,
  };
  return { cases: [one], close: async () => void (await backend.dispose()) };
}

/** The node `n` times, on states and outputs of its own each time, and all of that again. */
function repeated({ graph, node }: BuiltCase, n: number, repeats: number): Graph {
  const own = (value: Value, i: number): Value =>
    value.role === 'state' || value === node.out ? { ...value, name: `${value.name}.${i}` } : value;
  const nodes = Array.from({ length: n }, (_, i): Node => {
    const inputs = node.inputs.map((input) => own(input, i));
    const stored = node.inputs.indexOf(node.out);
    return { ...node, inputs, out: stored < 0 ? own(node.out, i) : inputs[stored]! };
  });
  return { ...graph, nodes: Array.from({ length: repeats }, () => nodes).flat(), logits: nodes.at(-1)!.out };
}
