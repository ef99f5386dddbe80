import { expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel, types, type Changes } from '../helpers/tiny_models.ts';
import { wasm } from './steps.ts';

const { u32, i32, f32, bool, string, array } = types;
const i32s = (...of: number[]) => [array, [i32, of]] as const;

/** Families whose layers are of different kinds: their counts are checked before any of them sizes a state. */
const refused: readonly [name: string, what: string, metadata: NonNullable<Changes['metadata']>, message: RegExp][] = [
  ['lfm2', 'counts for fewer layers', { 'lfm2.attention.head_count_kv': i32s(0, 2) }, /head_count_kv holds 2 counts, expected .* 4 layers/],
  ['lfm2', 'a negative count', { 'lfm2.attention.head_count_kv': i32s(0, -2, 0, 2) }, /head_count_kv holds/],
  ['lfm2', 'counts that are texts', { 'lfm2.attention.head_count_kv': [array, [string, ['0', '2', '0', '2']]] }, /head_count_kv/],
  ['lfm2', 'heads that no group divides', { 'lfm2.attention.head_count_kv': i32s(0, 3, 0, 2) }, /head_count_kv is 3, which does not divide the 4/],
  ['lfm2', 'another kind of layer than its tensors', { 'lfm2.attention.head_count_kv': i32s(2, 0, 0, 2) }, /no tensor blk\.0\.attn_q/],
  ['lfm2', 'a convolution of one row', { 'lfm2.shortconv.l_cache': [u32, 1] }, /l_cache is 1, expected at least 2/],
  ['lfm2', 'a convolution of no row', { 'lfm2.shortconv.l_cache': [u32, 0] }, /l_cache is 0/],
  ['lfm2', 'a convolution of many rows', { 'lfm2.shortconv.l_cache': [u32, 4e9] }, /shortconv\.conv\.weight is \[64, 3\], its metadata says \[64, 4000000000\]/],
  ['lfm2', 'layers that look ahead', { 'lfm2.attention.causal': [bool, 0] }, /lfm2\.attention\.causal is false/],
  ['lfm2', 'a window', { 'lfm2.attention.sliding_window': [u32, 8] }, /sliding_window is 8/],
  ['lfm2', 'experts', { 'lfm2.expert_count': [u32, 8] }, /expert_count is 8/],
  ['qwen35', 'an interval of 0', { 'qwen35.full_attention_interval': [u32, 0] }, /full_attention_interval is 0/],
  ['qwen35', 'flags for fewer layers', { 'qwen35.attention.recurrent_layers': [array, [bool, [1, 1]]] }, /recurrent_layers has 2 entries/],
  ['qwen35', 'heads of keys that divide nothing', { 'qwen35.ssm.group_count': [u32, 3] }, /ssm\.group_count is 3, which does not divide the 4 of qwen35\.ssm\.time_step_rank/],
  ['qwen35', 'no heads of keys', { 'qwen35.ssm.group_count': [u32, 0] }, /group_count is 0/],
  ['qwen35', 'another inner size', { 'qwen35.ssm.inner_size': [u32, 65] }, /ssm\.inner_size is 65, the other sizes make it 64/],
  ['qwen35', 'heads of no column', { 'qwen35.ssm.state_size': [u32, 0] }, /state_size is 0/],
  ['qwen35', 'a convolution without state', { 'qwen35.ssm.conv_kernel': [u32, 1] }, /conv_kernel is 1/],
  ['granitehybrid', 'heads that do not divide', { 'granitehybrid.ssm.time_step_rank': [u32, 7] }, /time_step_rank is 7, which does not divide the 128/],
  ['granitehybrid', 'groups that do not divide', { 'granitehybrid.ssm.group_count': [u32, 3] }, /group_count is 3, which does not divide the 8/],
  ['granitehybrid', 'a huge state', { 'granitehybrid.ssm.state_size': [u32, 4e9] }, /ssm_in\.weight is \[296, 64\]/],
  ['falcon-h1', 'a state of another size', { 'falcon-h1.ssm.state_size': [u32, 8] }, /ssm_in\.weight/],
  ['falcon-h1', 'an infinite factor', { 'falcon-h1.rope.freq_base': [f32, 0] }, /freq_base is 0/],
  ['nemotron_h', 'layers that are two things', { 'nemotron_h.feed_forward_length': i32s(0, 96, 96, 0, 64) }, /layer 1 has 2 heads of keys and 96 columns inside/],
  ['nemotron_h', 'a feed-forward block of another size', { 'nemotron_h.feed_forward_length': i32s(0, 0, 32, 0, 64) }, /ffn_up\.\w+ is \[96.*, its metadata says \[32/],
];

it.each(refused)('refuses a file of %s with %s', async (name, _what, metadata, message) => {
  const error: unknown = await openBytes(tinyModel(name, { metadata })).catch((error: unknown) => error);
  expect(error instanceof FormatError || error instanceof UnsupportedError, String(error)).toBe(true);
  expect(String(error)).toMatch(message);
});

it.each(['conv_kernel', 'inner_size', 'state_size', 'time_step_rank', 'group_count'])('needs ssm.%s', async (key) => {
  for (const name of ['qwen35', 'falcon-h1']) {
    await expect(openBytes(tinyModel(name, { withoutKeys: [`${name}.ssm.${key}`] }))).rejects.toThrow(`${name}.ssm.${key}`);
  }
});

it.each([
  ['qwen3next', /a qwen3 model is the nearest/],
  ['mamba2', /"mamba2"; supported: llama, .*lfm2.*qwen35.*granitehybrid.*falcon-h1.*nemotron_h/],
  ['jamba', /"jamba"; supported/],
  ['kimi-linear', /"kimi-linear"; supported/],
])('refuses %s by name', async (arch, message) => {
  const bytes = tinyModel('lfm2', { metadata: { 'general.architecture': [string, arch] } });
  await expect(openBytes(bytes)).rejects.toThrow(message);
});

it.each([
  ['lfm2', 'blk.0.shortconv.in_proj.weight'],
  ['qwen35', 'blk.0.ssm_norm.weight'],
  ['granitehybrid', 'blk.0.ssm_a'],
])('a state of %s that is not finite is noticed by what comes of it', async (name, tensor) => {
  for (const factory of [undefined, wasm('simd')]) {
    const model = await openBytes(tinyModel(name, { grown: { [tensor]: -1e38 } }), { nCtx: 64, threads: 1 }, factory);
    const reading = allLogits(model, [1, 2, 3]);
    await expect(reading).rejects.toThrow(FormatError);
    await expect(reading).rejects.toThrow(/NaN/);
    await model.close();
  }
});
