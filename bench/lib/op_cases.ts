import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import type { Build } from '../../src/features.ts';
import type { Graph, Node, Value } from '../../src/graph/graph.ts';
import { add } from '../../src/ops/add.ts';
import { attention } from '../../src/ops/attention.ts';
import { kvStore } from '../../src/ops/kv_store.ts';
import { lastRows } from '../../src/ops/last_rows.ts';
import { rmsNorm } from '../../src/ops/rms_norm.ts';
import { rope } from '../../src/ops/rope.ts';
import { ropeAngles } from '../../src/ops/rope_angles.ts';
import { swiglu } from '../../src/ops/swiglu.ts';
import { quantByName } from '../../src/quants/index.ts';
import { kvTypes, type KvType } from '../../src/graph/layer_state.ts';
import { buildCase, decodeRows, encodeRows, expected, type BuiltCase, type OpCase } from '../../test/cases/op_case.ts';
import { errorOf, type BenchCase, type Check } from './bench_case.ts';
import { host } from './host.ts';
import type { Cases } from './matmul_cases.ts';

/** Every op but the matrix products, in the sizes of a 1.2 B model: 32 heads of 64, 8 of them for keys and values. */
const DIM = 2048;
const KV_DIM = 512;
const FFN_DIM = 8192;
const HEAD_DIM = 64;

interface TimedCase extends OpCase {
  /** Copies of the node that one run goes through, each with a cache of its own. */
  readonly copies: number;
  readonly macs: number;
  /** Bytes that go in and out. */
  readonly bytes: number;
}

const x = (cols: number) => ({ role: 'activation', cols }) as const;

const tokens = (n: number): string => (n === 1 ? 'decode' : `prefill ${n}`);

const byRows = (
  op: OpCase['op'],
  inputs: OpCase['inputs'],
  nTokens: number,
  more: Partial<OpCase> = {},
): TimedCase => ({
  name: tokens(nTokens),
  op,
  inputs,
  nTokens,
  tolerance: 5e-7,
  copies: 16,
  macs: 0,
  bytes:
    4 *
    nTokens *
    (inputs.reduce((sum, { role, cols }) => sum + (role === 'activation' ? cols : 0), 0) + inputs[0]!.cols),
  ...more,
});

function attentionCase(nTokens: number, pos: number, quant: KvType): TimedCase {
  const cache = { role: 'state', cols: KV_DIM, quant } as const;
  const positions = pos + (nTokens + 1) / 2; // seen by the average token
  const { blockBytes, blockSize } = quantByName.get(quant)!;
  const bytes = (2 * (pos + nTokens) * KV_DIM * blockBytes) / blockSize;
  return {
    name: `${tokens(nTokens)} at ${pos}, ${quant}`,
    op: attention,
    inputs: [x(DIM), cache, cache],
    params: { headDim: HEAD_DIM, scale: HEAD_DIM ** -0.5, window: 0 },
    nTokens,
    pos,
    tolerance: quant === 'q8_0' ? 1e-4 : 2e-6,
    copies: nTokens === 1 ? 16 : 1,
    macs: 2 * nTokens * positions * DIM,
    bytes,
  };
}

export const timedCases: readonly TimedCase[] = [
  ...[1, 128].flatMap((n) => [
    byRows(rmsNorm, [x(DIM), { role: 'vector', cols: DIM }], n, { params: { eps: 1e-5 } }),
    byRows(rope, [x(DIM), x(HEAD_DIM)], n, { params: { headDim: HEAD_DIM, neox: 0 } }),
    byRows(ropeAngles, [{ role: 'constant', rows: 3, cols: HEAD_DIM / 2 + 1 }], n, { tolerance: 0 }),
    byRows(swiglu, [x(FFN_DIM), x(FFN_DIM)], n),
    byRows(add, [x(DIM), x(DIM)], n),
    byRows(kvStore, [x(KV_DIM), { role: 'state', cols: KV_DIM, quant: 'f16' }], n, { tolerance: 6.2e-5 }),
    byRows(kvStore, [x(KV_DIM), { role: 'state', cols: KV_DIM, quant: 'q8_0' }], n, { tolerance: 0 }),
  ]),
  byRows(lastRows, [x(DIM)], 128, { tolerance: 0 }),
  ...kvTypes.flatMap((quant) => [attentionCase(1, 1023, quant), attentionCase(1, 4095, quant)]),
  ...(['f16', 'q8_0'] as const).flatMap((quant) => [attentionCase(128, 0, quant), attentionCase(128, 896, quant)]),
];

/** Makes one case ready; its memory goes with `close`. */
export async function opCase(timed: TimedCase, build: Build, threads: number): Promise<Cases> {
  const built = buildCase(timed);
  const graph = repeated(built, timed.copies);
  const weights = built.node.inputs.filter(({ role }) => role === 'weight');
  const backend = await createWasmBackend({ weights, graph, maxSessions: 1, threads, build, host: host() });
  await backend.upload(weights, {
    read: async ({ name }, offset, into) => into.set(bytesOf(built, name, offset, into.length)),
  });
  const program = backend.prepare(graph);
  for (const { inputs } of graph.nodes) {
    for (const [i, input] of inputs.entries()) {
      if (input.role === 'state') await program.writeState(input, 0, encodeRows(built.floats[i]!, input.quant.name));
    }
  }
  const check = async (): Promise<Check> => {
    await program.run(built.step);
    const { out } = graph.nodes.at(-1)!;
    const came =
      out.role === 'state'
        ? decodeRows(await program.readState(out, 0, graph.nCtx), out.quant.name)
        : await program.read(out);
    return { error: errorOf(came, expected(built)), tolerance: timed.tolerance };
  };
  const one: BenchCase = {
    op: timed.op.name,
    name: timed.name,
    check,
    run: () => program.run(built.step),
    bytes: timed.bytes * timed.copies,
    macs: timed.macs * timed.copies,
    limits: { bytes: timed.op === attention ? 'read' : 'copy', macs: 'f32' },
  };
  return { cases: [one], close: async () => void (await backend.dispose()) };
}

/** The node `n` times, on states and outputs of its own each time. */
function repeated({ graph, node }: BuiltCase, n: number): Graph {
  const own = (value: Value, i: number): Value =>
    value.role === 'state' || value === node.out ? { ...value, name: `${value.name}.${i}` } : value;
  const nodes = Array.from({ length: n }, (_, i): Node => {
    const inputs = node.inputs.map((input) => own(input, i));
    const stored = node.inputs.indexOf(node.out);
    return { ...node, inputs, out: stored < 0 ? own(node.out, i) : inputs[stored]! };
  });
  return { ...graph, nodes, logits: nodes.at(-1)!.out };
}

function bytesOf({ node, floats }: BuiltCase, name: string, offset: number, length: number): Uint8Array {
  const { buffer } = floats[node.inputs.findIndex((input) => input.name === name)]!;
  return new Uint8Array(buffer as ArrayBuffer, offset, length);
}
