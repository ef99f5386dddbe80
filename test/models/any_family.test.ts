import { describe, expect, it } from 'vitest';
import { memoryOf } from '../../src/backends/dry/dry.ts';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { bindModel, graphLimits } from '../../src/engine/backend_plan.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { unfused } from '../../src/models/unfused.ts';
import { kernels } from '../backends/wasm/support.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel, tinyPrompt, types, type Changes } from '../helpers/tiny_models.ts';

const { u32, i32, string, array } = types;

const logits = async (name: string, changes: Changes = {}) =>
  allLogits(await openBytes(tinyModel(name, changes)), tinyPrompt);

describe('blocks that predict further tokens', () => {
  const added = { 'blk.1.nextn.eh_proj.weight': [128, 64], 'blk.1.nextn.enorm.weight': [64] };

  it('are left out, with all that they hold', async () => {
    const one = await logits('llama', { metadata: { 'llama.nextn_predict_layers': [u32, 1] }, added });
    const without = [...(await fileOf('llama')).tensors.keys()].filter((tensor) => tensor.startsWith('blk.1.'));
    expect(one).toEqual(await logits('llama', { metadata: { 'llama.block_count': [u32, 1] }, without }));
    expect(one).not.toEqual(await logits('llama'));
  });

  it('cannot be all blocks', async () => {
    await expect(logits('llama', { metadata: { 'llama.nextn_predict_layers': [u32, 2] } })).rejects.toThrow(FormatError);
  });
});

const fileOf = (name: string, changes: Changes = {}) =>
  openGguf(memorySource(tinyModel(name, changes)), { openSibling: () => Promise.reject(new Error('one file only')) });

describe('fused matrices', () => {
  it('are the same numbers', async () => {
    expect(await logits('qwen3-fused')).toEqual(await logits('qwen3'));
  });

  it('may have biases that are not fused', async () => {
    const { tensors } = unfused(await fileOf('llama-fused', { without: ['blk.0.attn_qkv.bias'], added: { 'blk.0.attn_q.bias': [64] } }));
    const names = [...tensors.keys()].filter((name) => /^blk\.0\.attn_[qkv]+\./.test(name)).sort();
    const [q, k, v] = ['q', 'k', 'v'].map((of) => [`blk.0.attn_${of}.scale`, `blk.0.attn_${of}.weight`]);
    expect(names).toEqual([...k!, 'blk.0.attn_q.bias', ...q!, ...v!]);
  });

  it.each([
    ['a bias of another length', { without: ['blk.0.attn_qkv.bias'], added: { 'blk.0.attn_qkv.bias': [64] } }],
    ['rows that do not add up', { without: ['blk.0.attn_qkv.weight'], added: { 'blk.0.attn_qkv.weight': [64, 65] } }],
    ['the parts beside them', { added: { 'blk.0.attn_q.weight': [64, 64] } }],
  ])('are refused with %s', async (_what, changes) => {
    await expect(logits('llama-fused', changes)).rejects.toThrow(/blk\.0\.attn_/);
  });
});

describe('a file without texts for its tokens', () => {
  const metadata = { 'tokenizer.ggml.model': [string, 'none'], 'llama.vocab_size': [u32, 272] } as const;
  const keys = ['tokens', 'token_type', 'merges', 'bos_token_id', 'eos_token_id'].map((key) => `tokenizer.ggml.${key}`);
  const textless = { metadata, withoutKeys: keys };

  it('takes ids and gives ids', async () => {
    const model = await openBytes(tinyModel('llama', textless));
    expect(await allLogits(model, tinyPrompt)).toEqual(await logits('llama'));
    const run = model.openSession().generate([1, 2, 3], { maxTokens: 4, temperature: 0 });
    let step = await run.next();
    while (!step.done) step = await run.next();
    expect(step.value.tokens).toHaveLength(4);
    expect(step.value.text).toBe('');
  });

  it('refuses a text, and says why', async () => {
    const model = await openBytes(tinyModel('llama', textless));
    for (const prompt of ['a text', { text: 'a text', special: true }]) {
      expect(() => model.encode(prompt)).toThrow(UnsupportedError);
      expect(() => model.encode(prompt)).toThrow(/has ids and no texts for them; give the prompt as a list of token ids/);
    }
  });

  it('has to say how many tokens there are', async () => {
    const without = { metadata: { 'tokenizer.ggml.model': [string, 'none'] } as const, withoutKeys: keys };
    await expect(openBytes(tinyModel('llama', without))).rejects.toThrow(/llama\.vocab_size/);
  });
});

describe('a family that is unknown', () => {
  const renamed = (to: string): Uint8Array => tinyModel('llama', { metadata: { 'general.architecture': [string, to] } });

  it('is told what is supported, and its nearest relative', async () => {
    await expect(openBytes(renamed('qwen3next'))).rejects.toThrow(/"qwen3next"; supported: llama, .*qwen3, .*; a qwen3 model is the nearest/);
    await expect(openBytes(renamed('rwkv7'))).rejects.toThrow(/"rwkv7"; supported: .*; choose a model of one of these families/);
  });
});

it.each([
  ['a window and no pattern', { 'granite_swa.attention.sliding_window_pattern': [u32, 0] }, /sliding_window_pattern/],
  ['flags for fewer layers', { 'granite_swa.attention.sliding_window_pattern': [array, [types.bool, [1, 0]]] }, /2 entries/],
  ['flags that are texts', { 'granite_swa.attention.rope_pattern': [array, [string, ['a', 'b', 'c']]] }, /type string/],
] as const)('refuses a file with %s', async (_what, metadata, message) => {
  await expect(openBytes(tinyModel('granite_swa', { metadata }))).rejects.toThrow(message);
});

it.each([
  ['gemma4', 'no layer left to share with', { 'gemma4.attention.shared_kv_layers': [u32, 6] }, /leaves no two layers to share/],
  ['gemma4', 'more shared layers than there are', { 'gemma4.attention.shared_kv_layers': [u32, 9] }, /9 of 6 layers/],
  ['gemma4', 'shared layers of the wrong kinds', { 'gemma4.attention.shared_kv_layers': [u32, 1] }, /1 of 6 layers/],
  ['gemma4', 'no window', { 'gemma4.attention.sliding_window': [u32, 0] }, /sliding_window is 0/],
  ['gemma4', 'an odd number of turned columns', { 'gemma4.rope.dimension_count_swa': [u32, 15] }, /dimension_count_swa is 15/],
  ['gemma4', 'sizes for fewer layers', { 'gemma4.feed_forward_length': [array, [i32, [96, 96]]] }, /feed_forward_length is \[96, 96\]/],
  ['gemma3', 'a base below 1', { 'gemma3.rope.freq_base_swa': [types.f32, 0.5] }, /freq_base_swa is 0.5/],
  ['gemma3', 'a negative cap', { 'gemma3.final_logit_softcapping': [types.f32, -30] }, /softcapping is -30/],
  ['gemma2', 'more blocks than tensors', { 'gemma2.block_count': [u32, 4_000_000_000] }, /block_count is 4000000000, the file has/],
  ['mistral3', 'an original context of 0', { 'mistral3.rope.scaling.original_context_length': [u32, 0] }, /original_context_length is 0/],
] as const)('refuses a file of %s with %s', async (name, _what, metadata, message) => {
  await expect(openBytes(tinyModel(name, { metadata }))).rejects.toThrow(message);
});

it('takes numbers for flags', async () => {
  const metadata = { 'granite_swa.attention.sliding_window_pattern': [array, [i32, [1, 0, 1]]] } as const;
  expect(await logits('granite_swa', { metadata })).toEqual(await logits('granite_swa'));
});

it('leaves a table in storage whose rows are read as their tokens come', async () => {
  const { weights } = await bindModel(unfused(await fileOf('gemma4')));
  expect(weights.map(({ name }) => name)).not.toContain('per_layer_token_embd.weight');
  const without = { without: ['per_layer_token_embd.weight'] };
  await expect(logits('gemma4', without)).rejects.toThrow(/no tensor per_layer_token_embd\.weight/);
});

it('opens a long context with the memory that its layers need', async () => {
  const file = unfused(await fileOf('gemma3', { metadata: { 'gemma3.context_length': [u32, 131072] } }));
  const bound = await bindModel(file);
  const stateBytes = async (nCtx: number): Promise<number> => {
    const { graph } = bound.record(graphLimits({ nCtx }, bound), 'f16');
    const needs = { weights: bound.weights, graph, maxSessions: 1, threads: 1, kernels, build: 'simd' as const };
    return (await memoryOf(needs)).stateBytes;
  };
  const [short, long] = [await stateBytes(4096), await stateBytes(131072)];
  const perPosition = 2 * 64 * 2; // keys and values, two heads of 32 columns, two bytes each: one layer of four sees everything
  expect(long - short).toBe((131072 - 4096) * perPosition);
});
