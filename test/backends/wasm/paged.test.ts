import { expect, test } from 'vitest';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import type { OpenOptions } from '../../../src/protocol/open.ts';
import { allLogits, openBytes } from '../../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';
import { nodeHost } from './support.ts';

const wasm =
  (memoryBytes?: number): BackendFactory =>
  ({ weights, graph, options: { threads, build, activations } }) =>
    createWasmBackend({ weights, graph, maxSessions: 2, threads, build, activations, memoryBytes, host: nodeHost() });

async function logits(name: string, options: OpenOptions, memoryBytes?: number): Promise<Float32Array[]> {
  const model = await openBytes(tinyModel(name), { threads: 1, ...options }, wasm(memoryBytes));
  try {
    return [...(await allLogits(model, tinyPrompt)), ...(await allLogits(model, tinyPrompt))];
  } finally {
    await model.close();
  }
}

test('x', async () => {
  for (const name of ['llama-q4_0', 'llama-f16', 'llama-q4_k_m', 'qwen2', 'gemma3', 'gemma4']) {
    const whole = await logits(name, {});
    const error: any = await logits(name, {}, 1).catch((e) => e);
    console.log(error.message);
    const least = Number(/least ([\d,]+)/.exec(error.message)![1]!.replaceAll(',', ''));
    const most = Number(/least ([\d,]+)/.exec(error.message)![1]!.replaceAll(',', ''));
    for (const bytes of [least, least + 20000, least + 50000, least + 100000])
      expect(await logits(name, { threads: bytes === least ? 1 : 1 }, bytes)).toEqual(whole);
  }
}, 60000);
