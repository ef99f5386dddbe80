import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/backends/backend.ts';
import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import { bytesOfGraph, planSplit } from '../../../src/backends/split/plan.ts';
import { splitBackend } from '../../../src/backends/split/split.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { ResourceError } from '../../../src/base/errors.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import type { Session } from '../../../src/engine/session.ts';
import type { Step } from '../../../src/graph/graph.ts';
import { matmul } from '../../../src/ops/matmul.ts';
import { allLogits, openAdapted, openBytes, reference } from '../../helpers/open.ts';
import { tinyLora, tinyVector } from '../../helpers/tiny_adapters.ts';
import { nodeHost } from '../wasm/support.ts';
import { familyConfigs, mixtureConfigs, tinyConfigs, tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';

const names = [tinyConfigs, familyConfigs, mixtureConfigs]
  .flatMap((configs) => Object.keys(configs))
  .filter((name) => !name.endsWith('-large'));

/** Two reference backends; the second one may take this part of what the whole model would. */
const split =
  (share: number, first = referenceBackend(), second = referenceBackend()): BackendFactory =>
  async ({ graph, weights }) => {
    const mostBytes = share * bytesOfGraph(graph, weights, 1);
    const plan = planSplit({ graph, weights, maxSessions: 1, mostBytes });
    expect(plan, `nothing of ${graph.nodes.length} nodes fits`).toBeDefined();
    expect(plan!.secondBytes).toBeLessThanOrEqual(mostBytes);
    return splitBackend({ ...plan!, first, second });
  };

describe.each(names)('%s', (name) => {
  it('makes the same logits in two parts', async () => {
    const bytes = tinyModel(name);
    const opening = { maxLogits: 8, maxSessions: 1 };
    const whole = await openBytes(bytes, opening, reference);
    const wanted = await allLogits(whole, tinyPrompt);
    const model = await openBytes(bytes, opening, split(0.8));
    expect(model.info.backend).toBe('reference and reference');
    expect(await allLogits(model, tinyPrompt)).toEqual(wanted);
  });
});

describe('a model in two parts', () => {
  const opening = { nCtx: 128, maxLogits: 8, maxSessions: 2 };
  const how = { seed: 5, temperature: 1, maxTokens: 20, ignoreEos: true };
  const prompt = tinyPrompt.slice(0, 20);

  async function textOf(session: Session, tokens: readonly number[]): Promise<readonly number[]> {
    const events = session.generate(tokens, how);
    for (;;) {
      const { value, done } = await events.next();
      if (done) return value.tokens;
    }
  }

  it.each(['gpt-oss-mxfp4', 'mixtral', 'gemma2', 'lfm2'])('is cut where it was planned to be: %s', async (name) => {
    const bytes = tinyModel(name);
    let nOpened = 0;
    for (let share = 0.02; share < 1; share += 0.02) {
      const onWasm: BackendFactory = async ({ graph, weights }) => {
        const mostBytes = share * bytesOfGraph(graph, weights, 1);
        const plan = planSplit({ graph, weights, maxSessions: 1, mostBytes });
        if (!plan) return referenceBackend();
        nOpened++;
        const needs = { graph: plan.first.graph, keep: plan.first.gives, maxSessions: 1, threads: 1 };
        const own = weights.filter((each) => plan.ofFirst.has(each.name));
        const first = await createWasmBackend({ ...needs, weights: own, host: nodeHost() }); // with room for just that
        return splitBackend({ ...plan, first, second: referenceBackend() });
      };
      const model = await openBytes(bytes, { nCtx: 128, maxSessions: 1 }, onWasm);
      expect(() => model.openSession(), `a share of ${share}`).not.toThrow();
      await model.close();
    }
    expect(nOpened).toBeGreaterThan(10);
  });

  it.each(['llama', 'gemma2', 'gemma3n'])('saves its sessions as a whole one does: %s', async (name) => {
    const bytes = tinyModel(name);
    const [whole, parts] = [await openBytes(bytes, opening, reference), await openBytes(bytes, opening, split(0.8))];
    const [a, b] = [whole.openSession(), parts.openSession()];
    const first = await textOf(a, prompt);
    expect(await textOf(b, prompt)).toEqual(first);
    const saved = { note: undefined, state: true } as const;
    const [ofWhole, ofParts] = [await a.save(saved), await b.save(saved)];
    expect(ofParts).toEqual(ofWhole);
    const [c, d] = [whole.openSession(), parts.openSession()];
    await c.restore(ofParts);
    await d.restore(ofWhole);
    const longer = [...prompt, ...first, 7, 8, 9];
    const second = await textOf(a, longer);
    for (const session of [b, c, d]) expect(await textOf(session, longer)).toEqual(second);
  });

  it('guesses and takes guesses back', async () => {
    const bytes = tinyModel('gemma2');
    const [whole, parts] = [await openBytes(bytes, opening, reference), await openBytes(bytes, opening, split(0.8))];
    const repeated = [...prompt, ...prompt, ...prompt.slice(0, 10)];
    const guess = { ...how, temperature: 0, speculate: 'lookup' } as const;
    const texts = [whole, parts].map(async (model) => {
      const events = model.openSession().generate(repeated, guess);
      for (;;) {
        const { value, done } = await events.next();
        if (done) return { tokens: value.tokens, nDrafted: value.speculation!.nDrafted };
      }
    });
    const [wanted, made] = await Promise.all(texts);
    expect(made!.tokens).toEqual(wanted!.tokens);
    expect(made!.nDrafted).toBeGreaterThan(0); // how many depends on what a step takes here
  });

  it('shows whoever looks inside what a whole one does', async () => {
    const bytes = tinyModel('llama');
    const seen: Map<string, number[]>[] = [];
    for (const factory of [reference, split(0.8)]) {
      const model = await openBytes(bytes, opening, factory);
      const inputs = new Map<string, number[]>();
      const session = model.openSession(undefined, {
        onNode: ({ nodes, read }) =>
          nodes.forEach(({ op, inputs: [w, x] }) => op === matmul && inputs.set(w!.name, [...read(x!)])),
      });
      for await (const _ of session.logits(prompt));
      seen.push(inputs);
    }
    expect(seen[0]!.size).toBeGreaterThan(10);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('hands a stop on to both of them', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    const watching = (): Backend => {
      const backend = referenceBackend();
      const prepare: Backend['prepare'] = (...args) => {
        const program = backend.prepare(...args);
        const run = program.run.bind(program);
        return Object.assign(program, { run: (step: Step, signal?: AbortSignal) => (seen.push(signal), run(step)) });
      };
      return { ...backend, prepare };
    };
    const model = await openBytes(tinyModel('llama'), opening, split(0.8, watching(), watching()));
    const events = model.openSession().generate(prompt, { maxTokens: 1 }, stop.signal);
    while (!(await events.next()).done);
    expect(seen.slice(0, 2)).toEqual([stop.signal, stop.signal]);
  });

  it('gives back the first half of a session where there is no room for the second', async () => {
    let nDisposed = 0;
    const first = referenceBackend();
    const counting: Backend['prepare'] = (...args) => {
      const program = first.prepare(...args);
      return Object.assign(program, { dispose: () => nDisposed++ });
    };
    const full = () => {
      throw new ResourceError('no room');
    };
    const parts = split(0.8, { ...first, prepare: counting }, { ...referenceBackend(), prepare: full });
    const model = await openBytes(tinyModel('llama'), opening, parts);
    expect(() => model.openSession()).toThrow('no room');
    expect(nDisposed).toBe(1);
  });

  it.each([0.6, 0.9])('takes adapters, with %f of it in the second part', async (share) => {
    const adapters = [
      { bytes: tinyLora('llama'), name: 'poet' },
      { bytes: tinyVector('llama'), name: 'calm', scale: 2 },
    ];
    const bytes = tinyModel('llama');
    const whole = await openAdapted(bytes, adapters, opening, reference);
    const parts = await openAdapted(bytes, adapters, opening, split(share));
    for (const uses of [undefined, []]) {
      const [wanted, made] = [whole.openSession(uses), parts.openSession(uses)];
      expect(await textOf(made, prompt)).toEqual(await textOf(wanted, prompt));
      wanted.close();
      made.close();
    }
  });
});
