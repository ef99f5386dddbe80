import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../../../src/bytes/source.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import { loadModel } from '../../../src/engine/load_model.ts';
import { openGguf } from '../../../src/gguf/open.ts';
import type { OpenOptions } from '../../../src/protocol/open.ts';
import { memorySource } from '../../helpers/gguf_bytes.ts';
import { allLogits, openAdapted, openBytes } from '../../helpers/open.ts';
import { tinyLora } from '../../helpers/tiny_adapters.ts';
import { tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';
import { nodeHost } from './support.ts';

/** What weights that come by have to get on with: adapters, reads that end in any order, closing in the middle, odd budgets. */

const factory =
  (memoryBytes: number): BackendFactory =>
  ({ options, ...plan }) =>
    createWasmBackend({ ...plan, maxSessions: 2, threads: options.threads ?? 1, memoryBytes, host: nodeHost() });

const ALL = 2 ** 32;

/** The least that a model runs in, as the refusal of less says. */
async function leastOf(opening: (memoryBytes: number) => Promise<unknown>): Promise<number> {
  const refusal = (await opening(1).catch((error: unknown) => error)) as Error;
  return Number(/needs at least ([\d,]+);/.exec(refusal.message)![1]!.replaceAll(',', ''));
}

describe.each(['llama', 'mixtral', 'gpt-oss', 'qwen35moe', 'lfm2moe', 'granitehybrid'])(
  'weights that come by: %s',
  (name) => {
    const options: OpenOptions = { nCtx: 64, threads: 2 };

    test('of a model with an adapter', async () => {
      const targets = /attn_(q|output)\.weight$/;
      const lora = { bytes: tinyLora(name, { targets }), name: 'poet', scale: 2 };
      const opening = (memoryBytes: number) => openAdapted(tinyModel(name), [lora], options, factory(memoryBytes));
      const whole = await opening(ALL);
      const wanted = await allLogits(whole, tinyPrompt);
      const bare = await openBytes(tinyModel(name), options, factory(ALL));
      expect(await allLogits(bare, tinyPrompt)).not.toEqual(wanted);
      const model = await opening(await leastOf(opening));
      expect(model.info.paging).toBeDefined();
      for (let n = 0; n < 2; n++) expect(await allLogits(model, tinyPrompt)).toEqual(wanted);
      for (const each of [whole, bare, model]) await each.close();
    });

    test('in any order, in any memory', async () => {
      const whole = await openBytes(tinyModel(name), options, factory(ALL));
      const wanted = await allLogits(whole, tinyPrompt);
      await whole.close();
      const bytes = tinyModel(name);
      let n = 0;
      const inner = memorySource(bytes);
      const source: ByteSource = {
        ...inner,
        async read(offset, into, signal) {
          for (let turns = (n++ * 7919) % 5; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
          await inner.read(offset, into, signal);
        },
      };
      const opening = async (memoryBytes: number) =>
        loadModel(
          await openGguf(source, { openSibling: () => Promise.reject(new Error()) }),
          options,
          factory(memoryBytes),
        );
      const least = await leastOf(opening);
      for (const more of [0, 1, 64, 4096, 20_000]) {
        const model = await opening(least + more);
        if (model.info.paging) expect(model.info.paging.memoryBytes).toBeLessThanOrEqual(least + more);
        expect(await allLogits(model, tinyPrompt)).toEqual(wanted);
        await model.close();
      }
    });
  },
);

test.each(['llama', 'gpt-oss'])(
  'a model that is closed in the middle of reading ends, and its step fails: %s',
  async (name) => {
    const inner = memorySource(tinyModel(name));
    let isSlow = false;
    const source: ByteSource = {
      ...inner,
      async read(offset, into, signal) {
        if (isSlow) await new Promise((resolve) => setTimeout(resolve, 5));
        await inner.read(offset, into, signal);
      },
    };
    const opening = async (memoryBytes: number) =>
      loadModel(
        await openGguf(source, { openSibling: () => Promise.reject(new Error()) }),
        { nCtx: 64, threads: 2 },
        factory(memoryBytes),
      );
    const model = await opening(await leastOf(opening));
    isSlow = true;
    const answering = allLogits(model, tinyPrompt).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 12));
    await model.close();
    expect(await answering).toBeInstanceOf(Error);
  },
);
