import { describe, expect, it } from 'vitest';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import { FormatError } from '../../src/base/errors.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import type { KvType } from '../../src/graph/layer_state.ts';
import { nodeHost } from '../backends/wasm/support.ts';
import { allLogits, openBytes, reference } from '../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';

/** Weights that are finite, but whose products are not, or not in what a cache holds: said by name, and alike by every backend. */

const backends: Readonly<Record<string, BackendFactory>> = {
  reference,
  wasm: ({ graph, weights }) =>
    createWasmBackend({ graph, weights, maxSessions: 2, threads: 2, host: nodeHost() }),
};

const answer = async (grown: Record<string, number>, kvType: KvType, backend: BackendFactory) => {
  const model = await openBytes(tinyModel('llama-wide-heads', { grown }), { kvType }, backend);
  try {
    return await allLogits(model, tinyPrompt);
  } finally {
    await model.close();
  }
};

const beyond = /beyond ±\d+, the most that a cache of type \S+ holds; .*kvType 'f32'/;
const lost: readonly [grown: Record<string, number>, KvType, RegExp][] = [
  [{ 'blk.1.attn_k.weight': 1e5 }, 'f16', /^layer 1 made keys that are NaN or beyond ±65504, the most that a cache of type f16 holds; .*kvType 'f32'/],
  [{ 'blk.0.attn_v.weight': 1e5 }, 'f16', /^layer 0 made values that are NaN or beyond/],
  [{ 'blk.0.attn_v.weight': 1e8 }, 'q8_0', /^layer 0 made values that are NaN or beyond ±8320913/],
  [{ 'blk.0.attn_v.weight': 1e38, 'blk.0.attn_norm.weight': 1e3 }, 'f32', /^layer 0 made values that are infinite or NaN/],
  [{ 'blk.0.ffn_down.weight': 1e38, 'blk.0.ffn_norm.weight': 1e30 }, 'f16', beyond],
  [{ 'blk.0.ffn_down.weight': 1e38, 'blk.0.ffn_norm.weight': 1e30 }, 'f32', /^layer 1 made \S+ that are infinite or NaN/],
  [{ 'blk.1.ffn_down.weight': 1e38, 'blk.1.ffn_norm.weight': 1e30 }, 'f32', /logit.*NaN|NaN.*logit/],
  [{ 'blk.0.attn_output.weight': 1e25 }, 'f32', /^layer 1 made \S+ that are infinite or NaN|logit/],
  [{ 'output_norm.weight': 1e38, 'token_embd.weight': 1e3 }, 'f16', /logit/],
];

describe.each(Object.entries(backends))('%s', (_name, backend) => {
  it.each(lost)('notices what %j with a %s cache makes', async (grown, kvType, message) => {
    const answering = answer(grown, kvType, backend);
    await expect(answering).rejects.toThrow(FormatError);
    await expect(answering).rejects.toThrow(message);
  });

  it.each(['attn_k', 'attn_v'])('computes with a large %s in a cache of floats', async (name) => {
    const rows = await answer({ [`blk.0.${name}.weight`]: 1e5 }, 'f32', backend);
    expect(rows.flatMap((row) => [...row]).every(Number.isFinite)).toBe(true);
  });

  it.each<Record<string, number>>([
    { 'blk.0.ffn_gate_inp.weight': 1e38, 'blk.0.ffn_norm.weight': 1e10 },
    { 'blk.0.ffn_down_exps.weight': 1e38, 'blk.0.ffn_norm.weight': 1e20 },
    { 'blk.1.ffn_up_exps.weight': 1e38, 'blk.1.ffn_norm.weight': 1e10 },
  ])('notices what experts make of %j', async (grown) => {
    const answering = openBytes(tinyModel('mixtral', { grown }), { kvType: 'f32' }, backend).then((model) => allLogits(model, tinyPrompt).finally(() => model.close()));
    await expect(answering).rejects.toThrow(FormatError);
    await expect(answering).rejects.toThrow(/infinite or NaN|logit.*NaN|NaN.*logit/);
  });
});
