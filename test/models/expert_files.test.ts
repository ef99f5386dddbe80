import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel, tinyPrompt, types, type Changes } from '../helpers/tiny_models.ts';

const { u32, i32, f32, bool, array } = types;

const refused: readonly [name: string, what: string, Changes, typeof FormatError, RegExp][] = [
  ['mixtral', 'no experts that a token takes', { metadata: { 'llama.expert_used_count': [u32, 0] } }, FormatError, /expert_used_count is 0/],
  ['mixtral', 'more of them than there are', { metadata: { 'llama.expert_used_count': [u32, 7] } }, FormatError, /used_count is 7, there are 6 experts/],
  ['mixtral', 'no word on how many a token takes', { withoutKeys: ['llama.expert_used_count'] }, FormatError, /llama\.expert_used_count/],
  ['mixtral', 'as many experts as fit into a number', { metadata: { 'llama.expert_count': [u32, 4294967295] } }, FormatError, /ffn_gate_inp\.weight is \[6, 64\].*\[4294967295, 64\]/],
  ['mixtral', 'a number of experts that is a text', { metadata: { 'llama.expert_count': [types.string, '8'] } }, FormatError, /llama\.expert_count/],
  [
    'mixtral',
    'another number of experts in each layer',
    { metadata: { 'llama.expert_used_count': [array, [i32, [2, 3]]] } },
    UnsupportedError,
    /expert_used_count differs/,
  ],
  ['mixtral', 'no experts', { metadata: { 'llama.expert_count': [u32, 0] } }, FormatError, /no tensor blk\.0\.ffn_gate\.weight/],
  ['llama', 'experts that it has not', { metadata: { 'llama.expert_count': [u32, 4], 'llama.expert_used_count': [u32, 2] } }, FormatError, /ffn_gate_inp/],
  ['qwen2', 'experts that its family has not', { metadata: { 'qwen2.expert_count': [u32, 4] } }, UnsupportedError, /qwen2\.expert_count is 4/],
  ['qwen3moe', 'no experts', { metadata: { 'qwen3moe.expert_count': [u32, 0] } }, FormatError, /expert_count is 0/],
  ['qwen3moe', 'another width', { metadata: { 'qwen3moe.expert_feed_forward_length': [u32, 1 << 31] } }, FormatError, /ffn_gate_exps\.weight is \[9, 48, 64\]/],
  ['qwen3moe', 'experts that are chosen otherwise', { metadata: { 'qwen3moe.expert_gating_func': [u32, 2] } }, UnsupportedError, /expert_gating_func is 2/],
  ['qwen3moe', 'a gating that nobody knows', { metadata: { 'qwen3moe.expert_gating_func': [u32, 99] } }, UnsupportedError, /expert_gating_func is 99/],
  ['qwen3moe', 'weights that are not divided', { metadata: { 'qwen3moe.expert_weights_norm': [bool, 0] } }, UnsupportedError, /expert_weights_norm is false/],
  ['qwen3moe', 'weights with a factor', { metadata: { 'qwen3moe.expert_weights_scale': [f32, 2.5] } }, UnsupportedError, /expert_weights_scale is 2\.5/],
  ['qwen3moe', 'groups of experts', { metadata: { 'qwen3moe.expert_group_count': [u32, 3] } }, UnsupportedError, /expert_group_count is 3/],
  ['qwen3moe', 'dense layers', { metadata: { 'qwen3moe.leading_dense_block_count': [u32, 1] } }, UnsupportedError, /leading_dense_block_count is 1/],
  ['qwen3moe', 'a bias that chooses', { added: { 'blk.0.exp_probs_b.bias': [9] } }, UnsupportedError, /exp_probs_b\.bias, which no formula/],
  ['qwen3moe', 'a shared expert that no key counts', { added: { 'blk.0.ffn_up_shexp.weight': [64, 48] } }, UnsupportedError, /ffn_up_shexp/],
  ['qwen3moe', 'one factor for all experts', { added: { 'blk.0.ffn_up_exps.scale': [1] } }, FormatError, /ffn_up_exps\.scale is \[1\].*\[9\]/],
  ['granitemoe', 'no shared expert where a key counts one', { without: ['blk.1.ffn_up_shexp.weight'] }, FormatError, /no tensor blk\.1\.ffn_up_shexp/],
  ['granitemoe', 'a shared expert of the largest width', { metadata: { 'granitemoe.expert_shared_feed_forward_length': [u32, 4294967295] } }, FormatError, /ffn_gate_shexp/],
  ['gpt-oss', 'no router', { without: ['blk.0.ffn_gate_inp.weight'] }, FormatError, /no tensor blk\.0\.ffn_gate_inp\.weight/],
  ['gpt-oss', 'no window', { metadata: { 'gpt-oss.attention.sliding_window': [u32, 0] } }, FormatError, /sliding_window is 0/],
  ['gpt-oss', 'no score of nothing', { without: ['blk.2.attn_sinks.weight'] }, FormatError, /attn_sinks/],
  ['gemma4-experts', 'no factors of its router', { without: ['blk.1.ffn_gate_inp.scale'] }, FormatError, /blk\.1\.ffn_gate_inp\.scale/],
  ['gemma4-experts', 'one factor for all experts', { without: ['blk.0.ffn_down_exps.scale'], added: { 'blk.0.ffn_down_exps.scale': [1] } }, FormatError, /\[1\].*\[8\]/],
];

it.each(refused)('refuses a file of %s with %s', async (name, _what, changes, type, message) => {
  const opening = openBytes(tinyModel(name, changes));
  await expect(opening).rejects.toThrow(type);
  await expect(opening).rejects.toThrow(message);
});

it('says of a file with a tensor for each expert that it is an old one', async () => {
  const without = [0, 1].flatMap((l) => ['gate', 'up', 'down'].map((name) => `blk.${l}.ffn_${name}_exps.weight`));
  const opening = openBytes(tinyModel('mixtral', { without, added: { 'blk.0.ffn_up.0.weight': [64, 96] } }));
  await expect(opening).rejects.toThrow(/blk\.0\.ffn_up\.0\.weight, a matrix of one expert; .* convert the model again/);
});

describe('keys that say what is so anyway', () => {
  it('change nothing', async () => {
    const metadata = {
      'qwen3moe.expert_gating_func': [u32, 1],
      'qwen3moe.expert_weights_norm': [bool, 1],
      'qwen3moe.expert_weights_scale': [f32, 1],
      'qwen3moe.expert_group_count': [u32, 1],
      'qwen3moe.expert_used_count': [array, [i32, [3, 3]]],
    } as const;
    const logits = async (changes?: Changes) => allLogits(await openBytes(tinyModel('qwen3moe', changes)), tinyPrompt);
    expect(await logits({ metadata })).toEqual(await logits());
  });
});
