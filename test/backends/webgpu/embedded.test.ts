import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openModel } from 'thimble';
import { afterAll, describe, expect, it } from 'vitest';
import { addRow, emptyDifference } from '../../../bench/lib/rows_difference.ts';
import { sum } from '../../../src/base/numbers.ts';
import type { KvType } from '../../../src/graph/layer_state.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import { loadModel, type LoadedModel } from '../../../src/engine/load_model.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { variantsFor, type Able, type Chooser, type FormName } from '../../../src/backends/webgpu/variants.ts';
import { openModelFile } from '../../../src/platform/model_file.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { softwareDriver } from '../../../scripts/software_gpu.mjs';
import { allLogits, reference } from '../../helpers/open.ts';
import { watched } from '../../helpers/watched_gpu.ts';
import { greedyGoldens } from '../../models/goldens.ts';
import { wasm } from '../../models/steps.ts';
import { loadsOn } from './support.ts';

/** The embedded model on a GPU, beside plain loops, WASM and llama.cpp. */

const { gpu, absent } = await findDawn();
const url = new URL('../../../models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', import.meta.url);
const file = await openModelFile(fileURLToPath(url));
afterAll(async () => {
  await Promise.all(file.sources.map((source) => source.close?.()));
});

/** Products by kernels that take activations in this form. */
function choiceOf(form: FormName): Chooser {
  const able: Able = { has: (feature) => feature !== 'subgroups', activations: 'fast', workgroupBytes: 16384 };
  return ({ inputs: [weight] }, steps) => {
    const variant = variantsFor(weight!, steps, able).find((each) => each.form === form)!;
    return { variant, sizes: variant.sizes[0]! };
  };
}

/** How many calls of kernels a device is given from now on. */
function countCalls(device: GPUDevice): { n: number } {
  const calls = { n: 0 };
  const createEncoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = createEncoder(descriptor);
    const beginPass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (about) => {
      const pass = beginPass(about);
      const dispatch = pass.dispatchWorkgroups.bind(pass);
      pass.dispatchWorkgroups = (...size) => {
        calls.n++;
        dispatch(...size);
      };
      return pass;
    };
    return encoder;
  };
  return calls;
}

const forcedTo =
  (form: FormName): BackendFactory =>
  ({ options: { activations }, ...plan }) =>
    createWebgpuBackend({ ...plan, activations, gpu: gpu!, choose: choiceOf(form), checks: false });

async function withModel<T>(
  backend: BackendFactory,
  use: (model: LoadedModel) => Promise<T>,
  options = {},
): Promise<T> {
  const model = await loadModel(file, { nCtx: 512, maxSessions: 1, threads: 2, kvType: 'f32', ...options }, backend);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

interface Way {
  readonly kvType: KvType;
  /** Activations of less bits, by this form; absent: exact ones, as the device chooses. */
  readonly form?: FormName;
  /** The largest divergence of a token, in nats; the mean is at most a quarter of it. */
  readonly most: number;
}

const ways: readonly Way[] = [
  { kvType: 'f32', most: 1e-4 },
  { kvType: 'f16', most: 1e-4 },
  { kvType: 'f16', form: 'halves', most: 1e-3 },
  { kvType: 'f16', form: 'levels', most: 2e-2 },
];

describe.skipIf(absent)('the embedded model on a GPU', () => {
  it(
    'has the logits of plain loops, and with a cache of f16 or fast activations nearly',
    { timeout: 240_000 },
    async () => {
      const tokens = greedyGoldens.cases[3]!.prompt; // 20 tokens: plain loops take a third of a second for each
      const wanted = await withModel(reference, (model) => allLogits(model, tokens));
      for (const { kvType, form, most } of ways) {
        const activations = form ? 'fast' : 'exact';
        const backend = form ? forcedTo(form) : loadsOn(gpu!);
        const came = await withModel(backend, (model) => allLogits(model, tokens), { activations, kvType });
        const total = emptyDifference();
        came.forEach((row, i) => addRow(total, row, wanted[i]!, 0));
        const [mean, largest] = [sum(total.kl) / total.kl.length, Math.max(...total.kl)];
        const way = `${form ?? 'usual'} activations, ${kvType} cache`;
        console.log(`${way}: KL ${mean.toExponential(1)} per token, ${largest.toExponential(1)} at most`);
        expect(mean).toBeLessThan(most / 4);
        expect(largest).toBeLessThan(most);
      }
    },
  );

  it('finds a text as likely as WASM does, within 0.1 %', { timeout: 240_000 }, async () => {
    const text = readFileSync(new URL('../../../models/LICENSE', import.meta.url), 'utf8');
    const perplexityOn = (backend: BackendFactory) =>
      withModel(backend, async (model) => {
        const tokens = model.encode({ text }).slice(0, 512);
        const total = emptyDifference();
        const rows = await allLogits(model, tokens);
        rows.slice(0, -1).forEach((row, i) => addRow(total, row, row, tokens[i + 1]!));
        return Math.exp(total.nll / total.kl.length);
      });
    const [came, wanted] = [await perplexityOn(loadsOn(gpu!)), await perplexityOn(wasm('simd'))];
    console.log(`perplexity ${came} on the GPU, ${wanted} on WASM`);
    expect(Math.abs(came / wanted - 1)).toBeLessThan(1e-3);
  });

  const hardware = softwareDriver() ? '' : ' (skipped: scripts/software_vulkan.sh has not been run)';
  it.skipIf(hardware)(`takes 187 calls of a software GPU for a token${hardware}`, { timeout: 240_000 }, async () => {
    const { gpu: counted, devices } = watched(gpu!);
    const model = await openModel(fileURLToPath(url), { backend: 'webgpu', gpu: counted });
    const calls = countCalls(devices[0]!);
    const callsOf = async (maxTokens: number): Promise<number> => {
      const before = calls.n;
      await model.generate('Once upon a time', { maxTokens, temperature: 0, ignoreEos: true });
      return calls.n - before;
    };
    await callsOf(4); // later ones find the prompt read
    expect((await callsOf(9)) - (await callsOf(8))).toBe(187);
    await model.close();
  });

  it('writes the greedy texts of exact arithmetic, 19 of 20 at least', { timeout: 600_000 }, async () => {
    const partings = await withModel(loadsOn(gpu!), async (model) => {
      const found: { readonly name: string; readonly at: number; readonly gap: number }[] = [];
      for (const { name, prompt, exact } of greedyGoldens.cases) {
        const tokens = await greedy(model, prompt, 64);
        const at = exact.tokens.findIndex((token, i) => token !== tokens[i]);
        if (at >= 0 || tokens.length !== exact.tokens.length) found.push({ name, at, gap: exact.gaps[at]! });
      }
      return found;
    });
    const how = partings.map(
      ({ name, at, gap }) => `${name} parts at token ${at}, where exact logits are ${gap} apart`,
    );
    console.log(`greedy texts: ${20 - partings.length} of 20 are the exact ones; ${how.join('; ')}`);
    expect(partings.length).toBeLessThanOrEqual(1);
    for (const { gap } of partings) expect(gap).toBeLessThan(0.05);
  });
});

/** A session's greedy answer. */
async function greedy(model: LoadedModel, prompt: readonly number[], maxTokens: number): Promise<readonly number[]> {
  const session = model.openSession();
  const events = session.generate(prompt, { maxTokens, temperature: 0 });
  try {
    for (;;) {
      const { value, done } = await events.next();
      if (done) return value.tokens;
    }
  } finally {
    session.close();
  }
}
