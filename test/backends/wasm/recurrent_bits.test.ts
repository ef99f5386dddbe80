import { beforeAll, describe, expect, test } from 'vitest';
import type { Node, Step } from '../../../src/graph/graph.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import type { Backend } from '../../../src/backends/backend.ts';
import type { Build } from '../../../src/platform/features.ts';
import { colsOf } from '../../../src/ops/op.ts';
import { causalConvCases } from '../../cases/causal_conv.ts';
import { deltaNetCases } from '../../cases/delta_net.ts';
import { buildCase, errorOf, type BuiltCase, type OpCase } from '../../cases/op_case.ts';
import { ssmScanCases } from '../../cases/ssm_scan.ts';
import { readFrom } from '../case_runner.ts';
import { allowRelaxedBuild, nodeHost } from './support.ts';

/** A state that each token changes: however a text is cut into steps, and whoever does it, its bits are the same. */

const N_TOKENS = 67;

/** An op's first case of at least two heads or blocks, on more tokens. */
const long = (cases: readonly OpCase[], name: RegExp): OpCase => ({
  ...cases.find((one) => name.test(one.name))!,
  nTokens: N_TOKENS,
});

const opCases = [
  long(causalConvCases.odd, /4 taps of 129 columns/),
  long(deltaNetCases.odd, /6 heads of 7/),
  long(deltaNetCases.odd, /4 heads of 33/),
  long(ssmScanCases.odd, /4 heads of 16 x 33/),
];

beforeAll(allowRelaxedBuild);

/** The output of all tokens, then the state behind them, read in steps of these sizes in turn. */
async function run(backend: Backend, { graph, node, operands }: BuiltCase, sizes: readonly number[]) {
  const cols = colsOf(node.out);
  const out = new Float32Array(N_TOKENS * cols);
  const at = node.op.changes![0]!;
  let state = operands[at]!.bytes;
  for (let first = 0, i = 0; first < N_TOKENS; i++) {
    const n = Math.min(sizes[i % sizes.length]!, N_TOKENS - first);
    const inputs = node.inputs.map((value) => {
      if (!value.rows) return value;
      const width = colsOf(value);
      const data = new Float32Array(value.data!.length);
      data.set(value.data!.subarray(first * width, (first + n) * width));
      return { ...value, data };
    });
    const part: Node = { ...node, inputs };
    const program = backend.prepare({ ...graph, nodes: [part] });
    await program.writeState(inputs[at]!, 0, state);
    const step: Step = { tokens: new Int32Array(n), pos: first, nLogits: 1 };
    await program.run(step);
    out.set(await program.read(node.out), first * cols);
    state = (await program.readState(inputs[at]!, 0, inputs[at]!.shape[0]!)).slice();
    program.dispose();
    first += n;
  }
  return { out, state: new Float32Array(state.buffer) };
}

async function open({ graph, node, operands }: BuiltCase, how?: { build: Build; threads: number }): Promise<Backend> {
  const weights = node.inputs.filter(({ role }) => role === 'weight');
  const features = { build: 'relaxed', sharedMemory: true } as const;
  const host = nodeHost({ features });
  const backend = how ? await createWasmBackend({ ...how, host, weights, graph, maxSessions: 1 }) : referenceBackend();
  await backend.upload(weights, { read: readFrom(new Map(operands.map(({ value, bytes }) => [value.name, bytes]))) });
  return backend;
}

describe.each(opCases.map((opCase) => [`${opCase.op.name}: ${opCase.name}`, opCase] as const))('%s', (_, opCase) => {
  const built = buildCase(opCase);

  test('has the same bits at once, one by one, in steps of any size, on one thread or three, in both builds', async () => {
    const results = [];
    for (const build of ['simd', 'relaxed'] as const) {
      for (const threads of [1, 3]) {
        const backend = await open(built, { build, threads });
        for (const sizes of [[N_TOKENS], [1], [5, 1, 2], [4], [31, 3]]) results.push(await run(backend, built, sizes));
        await backend.dispose();
      }
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('carries its state on as plain loops do', async () => {
    const plain = await run(await open(built), built, [N_TOKENS]);
    const backend = await open(built, { build: 'simd', threads: 2 });
    const came = await run(backend, built, [7, 1]);
    await backend.dispose();
    expect(errorOf(came.out, plain.out)).toBeLessThan(5e-6);
    expect(errorOf(came.state, plain.state)).toBeLessThan(5e-6);
  });
});
