import { beforeAll, expect, test } from 'vitest';
import {
  compileBuild,
  instantiate,
  kernelName,
  startCompiling,
  type KernelFile,
} from '../../../src/backends/wasm/kernels.ts';
import { detectFeatures } from '../../../src/platform/features.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { attentionCases } from '../../cases/attention.ts';
import { buildCase } from '../../cases/op_case.ts';
import { rmsNormCases } from '../../cases/rms_norm.ts';
import { softcapCases } from '../../cases/softcap.ts';
import { allowRelaxedBuild, kernels, nodeHost, runCase } from './support.ts';

beforeAll(allowRelaxedBuild);

test('the relaxed build is chosen where its dot product takes eight bits', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = instantiate(await compileBuild({ kernels, build: 'relaxed', shared: true }), memory);
  const eightBits = exports['probe_dot']!() >= 2; // see assembly/lib/dot_kind.ts
  expect(detectFeatures()).toEqual({ build: eightBits ? 'relaxed' : 'simd', sharedMemory: true });
});

const both = ['simd', 'simd.more'];

test.each([
  [['f32', 'q4_0', 'q6_k'], rmsNormCases.odd[0]!, 'exact', 4, ['simd']],
  [['f32', 'q4_0', 'q6_k'], rmsNormCases.odd[0]!, 'exact', 5, both],
  [['q4_0', 'q5_1'], rmsNormCases.odd[0]!, 'exact', 1, both],
  [['q4_0'], softcapCases.odd[0]!, 'exact', 1, both],
  [['q4_0'], rmsNormCases.odd[0]!, 'fast', 1, both],
] as const)(
  'weights of %j, an op, activations and sessions load what they need',
  async (names, opCase, activations, maxSessions, files) => {
    const loaded: string[] = [];
    const read = (file: KernelFile) => (loaded.push(file), kernels(file));
    const weights = names.map((name) => ({ name, quant: quantByName.get(name)!, shape: [16, 256] }));
    const { graph, node } = buildCase(opCase);
    const modules = await startCompiling({ kernels: read, build: 'simd', shared: true })({
      weights,
      graph: { ...graph, maxTokens: 128 },
      activations,
      maxSessions,
    });
    expect(loaded).toEqual(files);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const { exports, kernelIndex } = instantiate(modules, memory);
    const table = new Set<number>();
    for (const name of Object.keys(exports)) table.add(kernelIndex(name)!);
    expect(table.size).toBe(Object.keys(exports).length);
    for (const name of names) expect(kernelIndex(`matmul_${name}`)).toBeGreaterThan(0);
    if (activations === 'fast') expect(kernelIndex('matmul_q4_0_fast')).toBeGreaterThan(0);
    expect(kernelIndex(kernelName(node))).toBeGreaterThan(0);
  },
);

test('where there is no SharedArrayBuffer, one thread gives the same bits', async () => {
  const alone = nodeHost({ features: { build: 'simd', sharedMemory: false } });
  for (const opCase of attentionCases.odd.filter(({ nTokens }) => nTokens > 8).slice(0, 6)) {
    const plain = await runCase(opCase, { build: 'simd' });
    expect(await runCase(opCase, { host: alone, threads: 4 })).toEqual(plain);
  }
});
