import { afterEach, describe, expect, it } from 'vitest';
import { wgsl } from '#wgsl';
import type { Backend, Look } from '../../../src/backends/backend.ts';
import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import type { Surroundings } from '../../../src/backends/webgpu/calls.ts';
import { Choices } from '../../../src/backends/webgpu/choices.ts';
import { joinsOf } from '../../../src/backends/webgpu/joins.ts';
import { lower } from '../../../src/backends/webgpu/lower.ts';
import { isMade } from '../../../src/backends/webgpu/ready_calls.ts';
import { forgetSources } from '../../../src/backends/webgpu/sources.ts';
import { choosePlain, variantsFor, type Chooser } from '../../../src/backends/webgpu/variants.ts';
import { createWebgpuBackend, type WebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { weight, type Graph, type Step, type Value } from '../../../src/graph/graph.ts';
import { kvCache, type KvType } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { addProduct } from '../../../src/ops/add_product.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { encodeRows, errorOf, randomFloats } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { readFrom } from '../case_runner.ts';

/** What calls do for several nodes at once: norms and gates on the way to products, sums behind them, turns where numbers are taken. */

const { gpu } = await findDawn();

const N_VOCAB = 40;
const DIM = 128;
const HEAD_DIM = 32;
/** Tokens of a step: some, few. */
const SOME = 12;
const FEW = 3;

interface Kind {
  readonly kvType: KvType;
  readonly style: 'norm' | 'neox';
  readonly gate: 'swiglu' | 'geglu';
  /** Pairs that are turned. */
  readonly ropeDim: number;
  /** Of matrices. */
  readonly type?: string;
  /** Whether keys have an adapter. */
  readonly isAdapted?: boolean;
}

const usual: Kind = { kvType: 'f16', style: 'norm', gate: 'swiglu', ropeDim: HEAD_DIM };

/** Two layers of a decoder, whose weights have levels. */
function model({ kvType, style, gate, ropeDim, isAdapted, type = 'q8_0' }: Kind, maxTokens = SOME) {
  const limits = { nCtx: 128, maxTokens, maxLogits: 1 };
  const weights: Value[] = [];
  const files = new Map<string, Uint8Array>();
  const add = (name: string, shape: number[], type: string): Value => {
    const floats = randomFloats(
      shape.reduce((n, size) => n * size, 1),
      files.size + 1,
      shape.length > 1 ? 0.2 : 1,
    );
    files.set(name, encodeRows(floats, type));
    weights.push(weight({ name, quant: quantByName.get(type)!, shape }));
    return weights.at(-1)!;
  };
  const g = new Recorder(limits);
  const matrix = (name: string, rows: number, cols = DIM): Value => add(name, [rows, cols], type);
  const table = matrix('table', N_VOCAB);
  const angles = g.ropeAngles({ ropeDim, base: 10000, scaling: { type: 'none' } });
  const heads = { headDim: HEAD_DIM, style } as const;
  let x = g.embed(table);
  for (let l = 0; l < 2; l++) {
    const cache = kvCache(l, { nKvHeads: 2, headDim: HEAD_DIM }, { ...limits, kvType });
    const h = g.rmsNorm(x, add(`norm.${l}`, [DIM], 'f32'), 1e-5);
    const q = g.rope(g.matmul(matrix(`q.${l}`, DIM), h), angles, heads);
    let k = g.matmul(matrix(`k.${l}`, 64), h);
    if (isAdapted) {
      const low = g.matmul(add(`a.${l}`, [8, DIM], 'f16'), h);
      k = g.node(addProduct, [k, add(`b.${l}`, [64, 8], 'f16'), low], { by: 2 });
    }
    const v = g.matmul(matrix(`v.${l}`, 64), h);
    x = g.add(
      x,
      g.matmul(
        matrix(`o.${l}`, DIM),
        g.attention(q, g.rope(k, angles, heads), v, cache, { headDim: HEAD_DIM, scale: 0.2 }),
      ),
    );
    const f = g.rmsNorm(x, add(`ffn_norm.${l}`, [DIM], 'f32'), 1e-5);
    const gated = g[gate](g.matmul(matrix(`gate.${l}`, 192), f), g.matmul(matrix(`up.${l}`, 192), f));
    x = g.add(g.matmul(matrix(`down.${l}`, DIM, 192), gated), x);
  }
  const graph = g.finish(
    g.matmul(
      table,
      g.rmsNorm(
        g.lastRows(x),
        weights.find(({ name }) => name === 'norm.0')!,
        1e-5,
      ),
    ),
  );
  return { graph, weights, files };
}

/** Steps of some tokens, as far as a graph takes them, and of few. */
function stepsOf({ maxTokens }: Graph): Step[] {
  const sizes = [SOME, FEW, 1].filter((n) => n <= maxTokens);
  return sizes.map((n, i) => {
    const pos = sizes.slice(0, i).reduce((sum, each) => sum + each, 0);
    return { tokens: Int32Array.from({ length: n }, (_, t) => (7 * (t + pos) + 3) % N_VOCAB), pos, nLogits: 1 };
  });
}

type Built = ReturnType<typeof model>;

async function logitsOf(backend: Backend, { graph, weights, files }: Built, look?: Look): Promise<Float32Array[]> {
  try {
    await backend.upload(weights, { read: readFrom(files) });
    const program = backend.prepare(graph, look);
    const rows: Float32Array[] = [];
    for (const step of stepsOf(graph)) {
      await program.run(step);
      rows.push(Float32Array.from(await program.read(graph.logits)));
    }
    return rows;
  } finally {
    await backend.dispose();
  }
}

const opened = ({ graph, weights }: Built, choose?: Chooser): Promise<WebgpuBackend> =>
  createWebgpuBackend({ gpu: gpu!, graph, weights, checks: !choose, ...(choose && { choose }) });

interface Asked {
  readonly choose?: Chooser;
  readonly look?: Look;
  /** What the backend is opened for; default: the same. */
  readonly graph?: Graph;
}

async function expectRight(built: Built, { choose, look, graph = built.graph }: Asked = {}): Promise<void> {
  const wanted = await logitsOf(referenceBackend(), built);
  const came = await logitsOf(await opened({ ...built, graph }, choose), built, look);
  for (const [i, row] of came.entries()) expect(errorOf(row, wanted[i]!), `step ${i}`).toBeLessThan(4e-3);
}

describe('calls of a layer', () => {
  const { graph } = model(usual);
  const about = { threads: 64, bindingBytes: 2 ** 27, joins: joinsOf(graph, 2 ** 27), choose: choosePlain };
  const made = (more: Partial<Surroundings>): string[] =>
    lower(graph, { ...about, ...more })
      .calls.filter((call) => isMade(call, 1))
      .map(({ kernel }) => kernel.files.at(-1)!);

  it('do several nodes each', () => {
    const layer = [
      ...['rms_norm', 'mat_vec', 'kv_store_turned', 'attention_split', 'attention_join', 'mat_vec'],
      ...['rms_norm', 'mat_vec', 'swiglu', 'mat_vec'],
    ];
    expect(made({})).toEqual(['embed', ...layer, ...layer, 'last_rows', 'rms_norm', 'mat_vec']);
  });

  it('do more on software', () => {
    const choose = new Choices({ has: () => true, activations: 'exact', workgroupBytes: 16384 }, true).choose;
    const layer = ['mat_vec', 'kv_store_turned', 'attention_tile', 'mat_vec', 'mat_vec', 'mat_vec'];
    const all = ['embed', 'rms_norm', ...layer, ...layer, 'last_rows', 'rms_norm', 'mat_vec'];
    expect(made({ choose, isSoftware: true })).toEqual(all);
  });

  it.each([
    [2 ** 27, ['q', 'q', 'q', 'gate', 'gate']],
    [40_000, ['q', 'q', 'q']],
    [20_000, []],
  ])('make products together as far as a kernel may see %i bytes', (bindingBytes, firsts) => {
    const joins = [...joinsOf(graph, bindingBytes).values()].map(({ weights }) => weights[0]!.name);
    expect(joins).toEqual([0, 1].flatMap((l) => firsts.map((name) => `${name}.${l}`)));
  });

  it('do one each where somebody looks at nodes', () => {
    const names = made({ isApart: true });
    expect(names.filter((name) => name === 'mat_vec')).toHaveLength(2 * 7 + 1);
    for (const name of ['add', 'rope', 'kv_store_f16'])
      expect(names.filter((each) => each === name).length).toBeGreaterThan(1);
    expect(names).not.toContain('kv_store_turned');
  });
});

describe.skipIf(!gpu)('what calls do for several nodes', () => {
  const kinds: readonly Partial<Kind>[] = [
    {},
    { style: 'neox', kvType: 'f32', gate: 'geglu', ropeDim: 16 },
    { ropeDim: 20, kvType: 'q8_0' },
    { type: 'f16' },
  ];

  it.each(kinds)('is as plain loops do it: %j', { timeout: 120_000 }, (kind) =>
    expectRight(model({ ...usual, ...kind })),
  );

  it('is the same node by node', () => expectRight(model(usual), { look: { onNode: () => undefined } }));

  it('is right with an adapter of a session', () =>
    expectRight(model({ ...usual, isAdapted: true }, FEW), { graph: model(usual, FEW).graph }));

  it.each(['digits, 4 rows by threads', 'digits, 4 rows by shares'])('is right with products by %s', (name) => {
    const able = { has: () => true, activations: 'exact', workgroupBytes: 16384 } as const;
    const choose: Chooser = (node, asked) => {
      const variant = variantsFor(node.inputs[0]!, asked, able).find((each) => each.name === `mat_vec, ${name}`)!;
      return { variant, sizes: variant.sizes[0]! };
    };
    return expectRight(model(usual, FEW), { choose });
  });
});

describe.skipIf(!gpu)('the check', () => {
  const SMALL = 'caches/f16 + attention_tile, attention in small tiles';
  const sources = wgsl as Record<string, string>;
  const whole = { ...sources };
  afterEach(() => {
    Object.assign(sources, whole);
    forgetSources();
  });

  interface Upload {
    readonly maxTokens?: number;
    readonly choose?: Chooser;
  }

  async function checksWith(file: string, right: string, wrong: string, { maxTokens = FEW, choose }: Upload = {}) {
    const built = model({ ...usual, style: 'neox' }, maxTokens);
    sources[file] = whole[file]!.replace(right, wrong);
    expect(sources[file]).not.toBe(whole[file]);
    forgetSources();
    const { graph, weights } = built;
    const backend = await createWebgpuBackend({ gpu: gpu!, graph, weights, choose });
    await backend.upload(built.weights, { read: readFrom(built.files) }).finally(() => backend.dispose());
    return backend.gpu.checks.filter(({ refused }) => refused !== undefined).map(({ kernel }) => kernel);
  }

  it('puts plain kernels in the place of those that turn keys wrongly', async () => {
    expect(await checksWith('kv_store_turned', 'four, id.y)', 'four, id.y + 1u)')).toEqual([
      'lib/into_f16 + kv_store_turned',
    ]);
    expect(
      await checksWith('kv_store_turned', 'storeValues(at, v[source])', 'storeValues(at, 1.1 * v[source])'),
    ).toHaveLength(1);
  });

  it('puts plain kernels in the place of those that turn queries wrongly', async () => {
    expect(
      await checksWith('lib/queries', 'turned(q[at + four]', 'turned(1.1 * q[at + four]', { maxTokens: SOME }),
    ).toEqual([SMALL, 'caches/f16 + attention_split', 'caches/f16 + attention_tile']);
  });

  it.each([
    ['sum += weight', 'sum += 1.01 * weight'],
    ['scaled(left, factor)', 'left'],
  ])('puts splits in the place of small tiles with "%s" wrong', async (right, wrong) => {
    expect(await checksWith('attention_tile', right, wrong)).toEqual([SMALL]);
  });

  it.each([
    ['lib/gate_swiglu', '* up', '* gate'],
    ['lib/gated_rows', 'sums[r + PAIRS]', 'sums[r]'],
    ['lib/gated_rows', '< shape.secondRow', '< shape.secondRow - 1u'],
  ])('puts gates by themselves in the place of %s with "%s" wrong', async (file, right, wrong) => {
    const [begun, ...others] = await checksWith(file, right, wrong);
    expect(begun).toMatch(/norms that products begin$/); // it is checked with the gate behind it
    expect(others).toEqual([expect.stringMatching(/gate_swiglu .*gated_rows .*mat_vec$/)]);
  });

  it.each([
    ['lib/normed_rows', '* normWeight[row]', ''],
    ['lib/normed_rows', '] = number;', '] = 1.01 * number;'],
    ['lib/normed_rows', '+= number * number', '+= number'],
    ['lib/by_shares', 'sums[r] *= factor', 'sums[r] *= min(factor, 1.0)'],
  ])('puts norms by themselves in the place of %s with "%s" wrong', async (file, right, wrong) => {
    expect(await checksWith(file, right, wrong)).toEqual([
      expect.stringMatching(/mat_vec, norms that products begin$/),
    ]);
  });

  it('puts products by themselves in the place of those that are not told apart', async () => {
    const refused = await checksWith('lib/product', 'shape.thirdAt + token', 'shape.secondAt + token');
    expect(refused).toEqual([expect.stringMatching(/mat_vec, products of the same activations together$/)]);
  });

  it('catches products that add what is not theirs', async () => {
    const plain = { choose: choosePlain }; // nothing can take its place
    await expect(
      checksWith('lib/product', 'shape.addedApart + shape.rowBegin', 'shape.rowBegin', plain),
    ).rejects.toThrow(/the kernel .*mat_(vec|mul) cannot be used on .*: its numbers are wrong by/);
  });
});
