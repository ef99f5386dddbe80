import { expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel, tinyPrompt, types, type Changes } from '../helpers/tiny_models.ts';

const { u32, i32, f32, bool, array } = types;

const refused: readonly [what: string, Changes, typeof FormatError, RegExp][] = [
  [
    'a tensor that no formula reads',
    { added: { 'blk.0.attn_q_norm.weight': [16] } },
    UnsupportedError,
    /blk\.0\.attn_q_norm\.weight/,
  ],
  ['a bias of the output', { added: { 'output.bias': [272] } }, UnsupportedError, /output\.bias/],
  [
    'blocks that the header does not count',
    { metadata: { 'llama.block_count': [u32, 1] } },
    FormatError,
    /blk\.1\..* counts 1 blocks/,
  ],
  ['no context', { metadata: { 'llama.context_length': [u32, 0] } }, FormatError, /llama\.context_length is 0/],
  ['no blocks', { metadata: { 'llama.block_count': [u32, 0] } }, FormatError, /llama\.block_count is 0/],
  [
    'more rotated columns than a head has',
    { metadata: { 'llama.rope.dimension_count': [u32, 1 << 30] } },
    FormatError,
    /llama\.rope\.dimension_count is 1073741824, expected an even number from 2 to a head's 16/,
  ],
  [
    'an odd number of rotated columns',
    { metadata: { 'llama.rope.dimension_count': [u32, 7] } },
    FormatError,
    /dimension_count is 7/,
  ],
  ['angles that are not', { metadata: { 'llama.rope.freq_base': [f32, 0] } }, FormatError, /llama\.rope\.freq_base is 0/],
  [
    'heads that differ from layer to layer',
    { metadata: { 'llama.attention.head_count': [array, [i32, [4, 2]]] } },
    UnsupportedError,
    /head_count differs/,
  ],
  [
    'attention that looks ahead',
    { metadata: { 'llama.attention.causal': [bool, 0] } },
    UnsupportedError,
    /llama\.attention\.causal is false/,
  ],
  [
    'angles of an unknown kind',
    { metadata: { 'llama.rope.scaling.type': [types.string, 'xxxx'] } },
    UnsupportedError,
    /scaling\.type is "xxxx"/,
  ],
  [
    'a layer of multi-token prediction that is none',
    { metadata: { 'llama.nextn_predict_layers': [u32, 1] } },
    FormatError,
    /counts blk\.1 as a layer of multi-token prediction/,
  ],
  [
    'a factor that makes angles without end',
    { metadata: { 'llama.rope.scaling.factor': [f32, 1e-38], 'llama.rope.scaling.type': [types.string, 'linear'] } },
    FormatError,
    /llama\.rope\.scaling\.factor is .*, expected 0\.001 to/,
  ],
  [
    'divisors of angles that are 0',
    { added: { 'rope_freqs.weight': [8] }, grown: { 'rope_freqs.weight': 0 } },
    FormatError,
    /rope_freqs\.weight holds -?0/,
  ],
  [
    'divisors of angles that are infinite',
    { added: { 'rope_freqs.weight': [8] }, grown: { 'rope_freqs.weight': Infinity } },
    FormatError,
    /rope_freqs\.weight holds -?Infinity/,
  ],
  [
    'a tensor of a smaller type than it has room for',
    { typed: { 'output_norm.weight': 1 } },
    FormatError,
    /bytes in front of .* belong to no tensor/,
  ],
  ['a negative factor', { metadata: { 'llama.rope.scaling.factor': [f32, -4] } }, FormatError, /factor is -4/],
  ['capped logits', { metadata: { 'llama.final_logit_softcapping': [f32, 30] } }, UnsupportedError, /softcapping is 30/],
];

it.each(refused)('refuses a file with %s', async (_what, changes, type, message) => {
  const opening = openBytes(tinyModel('llama', changes));
  await expect(opening).rejects.toThrow(type);
  await expect(opening).rejects.toThrow(message);
});

it('refuses a token table with more rows than there are tokens', async () => {
  const bytes = tinyModel('llama', { without: ['token_embd.weight'], added: { 'token_embd.weight': [64, 280] } });
  await expect(openBytes(bytes)).rejects.toThrow(/token_embd\.weight has 280 rows, the tokenizer 272 tokens/);
});

const accepted: readonly [what: string, string, Changes][] = [
  ['special tokens that do not exist', 'llama', { metadata: { 'tokenizer.ggml.padding_token_id': [u32, 32000] } }],
  [
    'sizes that are spelled once for each layer',
    'llama',
    {
      metadata: {
        'llama.attention.head_count': [array, [i32, [4, 4]]],
        'llama.attention.head_count_kv': [array, [i32, [2, 2]]],
        'llama.feed_forward_length': [array, [i32, [96, 96]]],
      },
    },
  ],
  ['frequencies written down twice', 'llama', { added: { 'blk.0.attn.rotary_emb.inv_freq': [8] } }],
  ['keys that say nothing new', 'llama', { metadata: { 'llama.attention.causal': [bool, 1] } }],
];

it.each(accepted)('opens a file with %s, to the same logits', async (_what, name, changes) => {
  const plain = await allLogits(await openBytes(tinyModel(name)), tinyPrompt);
  expect(await allLogits(await openBytes(tinyModel(name, changes)), tinyPrompt)).toEqual(plain);
});

it('opens qwen2 without biases', async () => {
  const biases = [0, 1].flatMap((l) => ['q', 'k', 'v'].map((name) => `blk.${l}.attn_${name}.bias`));
  const rows = await allLogits(await openBytes(tinyModel('qwen2', { without: biases })), tinyPrompt);
  expect(rows).not.toEqual(await allLogits(await openBytes(tinyModel('qwen2')), tinyPrompt));
});

it.each([
  ['is not Jinja', [types.string, '{% for m in messages %}{{ m.content }']],
  ['is a number', [types.u32, 7]],
  ['is a list', [array, [types.string, ['a', 'b']]]],
] as const)('opens a file whose chat template %s, and says so where somebody chats', async (_what, template) => {
  const model = await openBytes(tinyModel('llama', { metadata: { 'tokenizer.chat_template': template } }));
  expect(model.encode([1, 2])).toEqual([1, 2]);
  expect(model.info.noChat).toMatch(/chat.template/);
  expect(() => model.encode({ messages: [{ role: 'user', content: 'hi' }] })).toThrow(FormatError);
});
