import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rmSync } from 'node:fs';
import type * as Encode from '../../src/compress/encode/index.ts';
import type * as Wasm from '../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import type { GenerateOptions } from '../../src/protocol/generation.ts';
import type * as Quants from '../../src/quants/index.ts';
import type * as Conformance from '../backends/conformance.ts';
import type * as Support from '../backends/wasm/support.ts';
import { decodeSaved } from '../../src/engine/session_bytes.ts';
import type * as Cases from '../cases/index.ts';
import type * as Count from '../cases/count_bytes.ts';
import type * as OpCaseModule from '../cases/op_case.ts';
import type * as Open from '../helpers/open.ts';
import type * as TinyModels from '../helpers/tiny_models.ts';
import { compileKernels, copyTree, recipes } from './copy.ts';

/** Modules of the copy, where the recipes were followed. */
const copy = copyTree();
const load = <T>(path: string): Promise<T> => import(`${copy}/${path}`) as Promise<T>;
await compileKernels(copy);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const { conformance } = await load<typeof Conformance>('test/backends/conformance.ts');
const { nodeHost } = await load<typeof Support>('test/backends/wasm/support.ts');
const { createWasmBackend } = await load<typeof Wasm>('src/backends/wasm/wasm.ts');
const { opCases } = await load<typeof Cases>('test/cases/index.ts');

const added = opCases.filter(({ op, name }) => op.name === 'token_shift' || name.includes('q8_t'));
const features = { build: 'simd', sharedMemory: true } as const;

describe('what the recipes add', () => {
  test('are an op, a quant type and a family', () => {
    expect(new Set(added.map(({ op }) => op.name))).toEqual(
      new Set(['token_shift', 'matmul_experts', 'matmul', 'embed']),
    );
  });

  for (const threads of [1, 3]) {
    conformance(
      {
        name: `wasm, ${threads} thread(s),`,
        open: (plan) =>
          createWasmBackend({ ...plan, maxSessions: 2, build: 'simd', threads, host: nodeHost({ features }) }),
      },
      { cases: added, kvTypes: ['f32'] },
    );
  }

  test('says what it costs', async () => {
    const { countBytes } = await load<typeof Count>('test/cases/count_bytes.ts');
    const { buildCase } = await load<typeof OpCaseModule>('test/cases/op_case.ts');
    for (const opCase of added) {
      const built = buildCase(opCase);
      expect(opCase.op.cost(built.node, built.step)).toEqual({ flops: opCase.flops, bytes: countBytes(built) });
    }
  });

  test('encodes as it decodes, to half a level', async () => {
    const { encoderOf } = await load<typeof Encode>('src/compress/encode/index.ts');
    const { quantByName } = await load<typeof Quants>('src/quants/index.ts');
    const quant = quantByName.get('q8_t')!;
    const weights = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i) * (i < 32 ? 0 : 3));
    const blocks = new Uint8Array(3 * 34);
    encoderOf(quant)!(weights, blocks);
    const decoded = new Float32Array(96);
    quant.dequantize!(blocks, decoded);
    decoded.forEach((x, i) => expect(Math.abs(x - weights[i]!)).toBeLessThan(3 / 250));
  });
});

describe('a tiny model of the toy family', () => {
  let rows: Readonly<Record<string, readonly Float32Array[]>>;

  beforeAll(async () => {
    const { allLogits, openBytes, reference } = await load<typeof Open>('test/helpers/open.ts');
    const { tinyModel, tinyPrompt } = await load<typeof TinyModels>('test/helpers/tiny_models.ts');
    const wasm: BackendFactory = ({ weights, graph, options: { threads } }) =>
      createWasmBackend({ weights, graph, maxSessions: 2, build: 'simd', threads, host: nodeHost({ features }) });
    const logits = async (factory: BackendFactory, options: object) => {
      const model = await openBytes(
        tinyModel('toy'),
        { kvType: 'f32', threads: 1, maxLogits: 48, ...options },
        factory,
      );
      const all = await allLogits(model, tinyPrompt);
      await model.close();
      return all;
    };
    rows = {
      plain: await logits(reference, {}),
      'plain, one by one': await logits(reference, { maxLogits: 1 }),
      wasm: await logits(wasm, {}),
      'wasm, one by one': await logits(wasm, { maxLogits: 1 }),
      'wasm, three threads, five by five': await logits(wasm, { maxLogits: 5, threads: 3 }),
    };
  });

  test('has the same logits on the WASM backend as by plain loops', () => {
    const size = Math.max(...rows['plain']!.map((row) => Math.max(...row.map(Math.abs))));
    for (const [pos, row] of rows['plain']!.entries()) {
      row.forEach((logit, i) => expect(Math.abs(rows['wasm']![pos]![i]! - logit) / size).toBeLessThan(1e-3));
    }
  });

  test('does not depend on how a prompt is cut into steps, nor on threads', () => {
    expect(rows['plain, one by one']).toEqual(rows['plain']);
    expect(rows['wasm, one by one']).toEqual(rows['wasm']);
    expect(rows['wasm, three threads, five by five']).toEqual(rows['wasm']);
  });
});

/** test/engine/timeline.test.ts walks all kinds of states; here a kind that no op of the tree has runs on kernels. */
describe.each([1, 3])('a session of the toy family on %i WASM threads', (threads) => {
  test('stands where a new one does, whatever it went through', async () => {
    const { openBytes } = await load<typeof Open>('test/helpers/open.ts');
    const { tinyModel } = await load<typeof TinyModels>('test/helpers/tiny_models.ts');
    const wasm: BackendFactory = ({ weights, graph }) =>
      createWasmBackend({ weights, graph, maxSessions: 4, build: 'simd', threads, host: nodeHost({ features }) });
    const model = await openBytes(tinyModel('toy'), { kvType: 'f32', nCtx: 128 }, wasm);
    type Session = ReturnType<typeof model.openSession>;
    const run = async (session: Session, prompt: readonly number[], options: GenerateOptions = {}) => {
      const work = session.generate(prompt, { temperature: 0, ignoreEos: true, maxTokens: 12, ...options });
      let last = await work.next();
      while (!last.done) last = await work.next();
      return last.value.tokens;
    };
    const expectFresh = async (session: Session) => {
      const fresh = model.openSession();
      for await (const _ of fresh.logits(session.tokens)) continue;
      const [states, wanted] = [decodeSaved(await session.save()).states, decodeSaved(await fresh.save()).states];
      expect(states.every((state, i) => Buffer.compare(state, wanted[i]!) === 0)).toBe(true);
      fresh.close();
    };
    const textOf = (seed: number, n: number) =>
      Array.from({ length: n }, (_, i) => (i % 7) * 31 + (i > n / 2 ? seed : 3) + 1);

    const session = model.openSession();
    for (const prompt of [textOf(1, 60), textOf(1, 50), textOf(2, 90), textOf(1, 60), textOf(9, 3)]) {
      const fresh = model.openSession();
      expect(await run(session, prompt)).toEqual(await run(fresh, prompt));
      fresh.close();
      await expectFresh(session);
    }
    for (const nKept of [60, 59, 31, 2]) {
      await run(session, textOf(nKept, 70));
      session.truncate(nKept);
      await expectFresh(session);
    }
    const logitBias = [5, 6, 7].map((token) => [token, 1e4] as const); // three words: some pairs come again
    const plain = await run(session, textOf(3, 40), { maxTokens: 50, logitBias });
    session.truncate(0);
    expect(await run(session, textOf(3, 40), { maxTokens: 50, logitBias, speculate: 'lookup', nDraft: 3 })).toEqual(
      plain,
    );
    await expectFresh(session);
    const other = model.openSession();
    await other.restore(await session.save());
    other.truncate(50);
    await expectFresh(other);
    expect(await run(session, textOf(6, 100), { maxTokens: 150, onFull: 'shift' })).toHaveLength(150);
    await expectFresh(session);
    await model.close();
  });
});

/** A file, the folder that holds it, or its table in that folder. */
test.each(Object.entries(recipes))('CONTRIBUTING says what was done: %s', (title, { files, lines }) => {
  const text = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`))!;
  for (const file of [...Object.keys(files), ...lines.map(([path]) => path)]) {
    const named = section.includes(`](${file})`) || section.includes(`](${dirname(file)})`);
    expect(named, `${title} has to name ${file} or its folder`).toBe(true);
  }
});
