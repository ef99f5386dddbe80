import { ggufFile, tinyMatrix, tinyTensor, types, type Metadata, type TinyTensor, type Value } from './tiny_models.ts';

/** Whole GGUF models of each family that makes embeddings, made from a seed like those of tiny_models.ts. */

const { u32, f32, bool, string, array } = types;
const dim = 64;
const ffnDim = 96;
const nVocab = 96;
const nLayers = 4;

interface Encoder {
  readonly arch: string;
  readonly keys: Readonly<Record<string, Value>>;
  readonly tensors: (nPositions: number) => TinyTensor[];
  /** Of a reranker: what its scores are called. */
  readonly labels?: readonly string[];
}

const vector = (name: string, cols = dim): TinyTensor => tinyTensor(name, [cols], 'f32', 0.3);
const norm = (name: string, cols = dim): TinyTensor => tinyTensor(`${name}.weight`, [cols], 'f32', 0.3, 1);
const withBias = (name: string, cols: number, rows: number): TinyTensor[] => [
  tinyMatrix(`${name}.weight`, cols, rows),
  vector(`${name}.bias`, rows),
];
const blocks = (of: (at: string, l: number) => TinyTensor[]): TinyTensor[] =>
  Array.from({ length: nLayers }, (_, l) => of(`blk.${l}.`, l)).flat();

const bertLayer = (at: string, hasBias: boolean, hasGate: boolean): TinyTensor[] => {
  const linear = (name: string, cols: number, rows: number) =>
    withBias(at + name, cols, rows).slice(0, hasBias ? 2 : 1);
  return [
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].flatMap((name) => linear(name, dim, dim)),
    ...(hasGate ? linear('ffn_gate', dim, ffnDim) : []),
    ...linear('ffn_up', dim, ffnDim),
    ...linear('ffn_down', ffnDim, dim),
    ...['attn_output_norm', 'layer_output_norm'].flatMap((name) => [norm(at + name), vector(`${at}${name}.bias`)]),
  ];
};

/** Six experts, and a router whose scores lie far apart. */
const expertsOf = (at: string): TinyTensor[] => [
  tinyMatrix(at + 'ffn_gate_inp.weight', dim, 6, 3),
  tinyTensor(at + 'ffn_up_exps.weight', [dim, ffnDim, 6], 'f32', Math.sqrt(3 / dim)),
  tinyTensor(at + 'ffn_down_exps.weight', [ffnDim, dim, 6], 'f32', Math.sqrt(3 / ffnDim)),
];

const bertTables = (nTypes: number): TinyTensor[] => [
  tinyMatrix('token_embd.weight', dim, nVocab, 4),
  ...(nTypes > 0 ? [tinyMatrix('token_types.weight', dim, nTypes, 4)] : []),
  norm('token_embd_norm'),
  vector('token_embd_norm.bias'),
];

const bert = (pooling: number): Encoder => ({
  arch: 'bert',
  keys: { pooling_type: [u32, pooling], 'attention.layer_norm_epsilon': [f32, 1e-12] },
  tensors: (nPositions) => [
    ...bertTables(2),
    tinyMatrix('position_embd.weight', dim, nPositions, 4),
    ...blocks((at) => bertLayer(at, true, false)),
  ],
});

/** The head of a reranker behind another model. */
const ranker = (
  { arch, keys, tensors }: Encoder,
  head: () => TinyTensor[],
  labels: readonly string[] = ['LABEL_0'],
): Encoder => ({
  arch,
  keys: { ...keys, pooling_type: [u32, 4] },
  tensors: (nPositions) => [...tensors(nPositions), ...head()],
  labels,
});

const modernBert = (activation: string, keys: Encoder['keys']): Encoder => ({
  arch: 'modern-bert',
  keys: {
    ...keys,
    hidden_activation: [string, activation],
    'attention.layer_norm_epsilon': [f32, 1e-5],
    'attention.sliding_window': [u32, 9],
    'rope.freq_base': [f32, 160000],
  },
  tensors: () => [
    tinyMatrix('token_embd.weight', dim, nVocab, 4),
    norm('token_embd_norm'),
    norm('output_norm'),
    ...blocks((at, l) => [
      ...(l === 0 ? [] : [norm(at + 'attn_norm')]),
      tinyMatrix(at + 'attn_qkv.weight', dim, 3 * dim, 2),
      tinyMatrix(at + 'attn_output.weight', dim, dim),
      norm(at + 'ffn_norm'),
      tinyMatrix(at + 'ffn_up.weight', dim, 2 * ffnDim),
      tinyMatrix(at + 'ffn_down.weight', ffnDim, dim),
    ]),
  ],
});

const decoderLayer = (at: string, hasPostNorms: boolean): TinyTensor[] => [
  norm(at + 'attn_norm'),
  tinyMatrix(at + 'attn_q.weight', dim, 4 * 32, 2),
  tinyMatrix(at + 'attn_k.weight', dim, 2 * 32, 2),
  tinyMatrix(at + 'attn_v.weight', dim, 2 * 32),
  tinyMatrix(at + 'attn_output.weight', 4 * 32, dim),
  norm(at + 'attn_q_norm', 32),
  norm(at + 'attn_k_norm', 32),
  norm(at + 'ffn_norm'),
  tinyMatrix(at + 'ffn_gate.weight', dim, ffnDim),
  tinyMatrix(at + 'ffn_up.weight', dim, ffnDim),
  tinyMatrix(at + 'ffn_down.weight', ffnDim, dim),
  ...(hasPostNorms ? [norm(at + 'post_attention_norm'), norm(at + 'post_ffw_norm')] : []),
];

const decoderKeys = {
  'attention.head_count_kv': [u32, 2],
  'attention.key_length': [u32, 32],
  'attention.value_length': [u32, 32],
  'attention.layer_norm_rms_epsilon': [f32, 1e-5],
} as const;

/** Name → model. The names are the keys of the goldens. */
export const tinyEncoders: Readonly<Record<string, Encoder>> = {
  'bert-none': bert(0),
  'bert-mean': bert(1),
  'bert-first': bert(2),
  'nomic-bert': {
    arch: 'nomic-bert',
    keys: { pooling_type: [u32, 1], 'attention.layer_norm_epsilon': [f32, 1e-12], 'rope.freq_base': [f32, 1000] },
    tensors: () => [...bertTables(2), ...blocks((at) => bertLayer(at, false, true))],
  },
  'nomic-bert-moe': {
    arch: 'nomic-bert-moe',
    keys: {
      pooling_type: [u32, 1],
      'attention.layer_norm_epsilon': [f32, 1e-5],
      'rope.freq_base': [f32, 10000],
      moe_every_n_layers: [u32, 2],
      expert_count: [u32, 6],
      expert_used_count: [u32, 2],
    },
    tensors: () => [
      ...bertTables(1),
      ...blocks((at, l) => [
        ...bertLayer(at, true, false).filter(({ name }) => l % 2 === 0 || !/ffn_/.test(name)),
        ...(l % 2 === 0 ? [] : expertsOf(at)),
      ]),
    ],
  },
  'jina-bert-v3': {
    arch: 'jina-bert-v3',
    keys: { pooling_type: [u32, 1], 'attention.layer_norm_epsilon': [f32, 1e-5], 'rope.freq_base': [f32, 20000] },
    tensors: () => [...bertTables(1), ...blocks((at) => bertLayer(at, true, false))],
  },
  'jina-bert-v2': {
    arch: 'jina-bert-v2',
    keys: { pooling_type: [u32, 1], 'attention.layer_norm_epsilon': [f32, 1e-12] },
    tensors: () => [
      ...bertTables(2),
      ...blocks((at) => bertLayer(at, true, true).filter(({ name }) => !/gate.bias|up.bias/.test(name))),
    ],
  },
  'jina-bert-v2-code': {
    arch: 'jina-bert-v2',
    keys: { pooling_type: [u32, 1], 'attention.layer_norm_epsilon': [f32, 1e-12] },
    tensors: () => [
      ...bertTables(2),
      ...blocks((at) => [
        ...bertLayer(at, true, false).filter(({ name }) => !name.includes('ffn_up')),
        tinyMatrix(at + 'ffn_up.weight', dim, 2 * ffnDim),
        ...['attn_q_norm', 'attn_k_norm', 'attn_norm_2'].flatMap((name) => [
          norm(at + name),
          vector(`${at}${name}.bias`),
        ]),
      ]),
    ],
  },
  'modern-bert': modernBert('gelu', { 'rope.freq_base_swa': [f32, 5000] }),
  'modern-bert-silu': modernBert('silu', { pooling_type: [u32, 2] }),
  'gemma-embedding': {
    arch: 'gemma-embedding',
    keys: {
      ...decoderKeys,
      pooling_type: [u32, 1],
      'attention.sliding_window': [u32, 8],
      'attention.sliding_window_pattern': [u32, 3],
      'rope.freq_base': [f32, 1e6],
      dense_2_feat_in: [u32, dim],
      dense_2_feat_out: [u32, 128],
      dense_3_feat_in: [u32, 128],
      dense_3_feat_out: [u32, dim],
    },
    tensors: () => [
      tinyMatrix('token_embd.weight', dim, nVocab, 4),
      norm('output_norm'),
      ...blocks((at) => decoderLayer(at, true)),
      tinyMatrix('dense_2.weight', dim, 128),
      tinyMatrix('dense_3.weight', 128, dim),
    ],
  },
  'qwen3-embedding': {
    arch: 'qwen3',
    keys: { ...decoderKeys, pooling_type: [u32, 3] },
    tensors: () => [
      tinyMatrix('token_embd.weight', dim, nVocab, 4),
      norm('output_norm'),
      ...blocks((at) => decoderLayer(at, false)),
    ],
  },
};

/** Rerankers, with each kind of head: what llama.cpp scores the prompt with stands in the goldens under the same names. */
export const tinyRankers: Readonly<Record<string, Encoder>> = {
  'bert-rank': ranker(bert(0), () => [...withBias('cls', dim, dim), ...withBias('cls.output', dim, 1)]),
  'bert-rank-labels': ranker(bert(0), () => withBias('cls.output', dim, 3), ['entailment', 'neutral', 'contradiction']),
  'jina-bert-v2-rank': ranker(tinyEncoders['jina-bert-v2']!, () => withBias('cls', dim, 1)),
  'modern-bert-rank': ranker(tinyEncoders['modern-bert']!, () => [
    tinyMatrix('cls.weight', dim, dim),
    norm('cls.norm'),
    ...withBias('cls.output', dim, 1),
  ]),
  'qwen3-rank': ranker(tinyEncoders['qwen3-embedding']!, () => [tinyMatrix('cls.output.weight', dim, 2)], [
    'yes',
    'no',
  ]),
};

/** The prompt of the goldens: 40 token ids. */
export const encoderPrompt: readonly number[] = Array.from({ length: 40 }, (_, i) => ((i * 37 + 11) % 92) + 3);

export function tinyEncoder(name: string, nPositions = 64, more: Encoder['keys'] = {}): Uint8Array<ArrayBufferLike> {
  const { meta, tensors } = tinyEncoderParts(name, nPositions);
  for (const [key, value] of Object.entries(more)) meta.set(key, value);
  return ggufFile(meta, tensors);
}

/** What its file holds. */
export function tinyEncoderParts(
  name: string,
  nPositions = 64,
): { readonly meta: Metadata; readonly tensors: readonly TinyTensor[] } {
  const { arch, keys, tensors, labels } = { ...tinyEncoders, ...tinyRankers }[name]!;
  const sizes: Encoder['keys'] = {
    block_count: [u32, nLayers],
    context_length: [u32, nPositions],
    embedding_length: [u32, dim],
    feed_forward_length: [u32, ffnDim],
    vocab_size: [u32, nVocab],
    'attention.head_count': [u32, 4],
    ...(arch === 'qwen3' ? {} : { 'attention.causal': [bool, 0] }),
    ...keys,
  };
  const meta = new Map<string, Value>([
    ['general.architecture', [string, arch]],
    ['general.name', [string, `tiny ${name}`]],
    ['tokenizer.ggml.model', [string, 'none']],
    ['tokenizer.ggml.token_type_count', [u32, arch === 'jina-bert-v3' || arch === 'nomic-bert-moe' ? 1 : 2]],
    ...(labels ? [[`${arch}.classifier.output_labels`, [array, [string, labels]]] as const] : []),
    ...Object.entries(sizes).map(([key, value]) => [`${arch}.${key}`, value] as const),
  ]);
  return { meta, tensors: tensors(nPositions) };
}

/** A vocabulary for BERT's models of any name: every letter and digit, at the beginning of a word and inside one. */
const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
const pieces = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  ...letters.map((letter) => `\u2581${letter}`),
  ...letters,
  '\u2581.',
  '\u2581?',
];

/** The same model with texts for its tokens, so that it can be asked in words. */
export function wordyEncoder(
  name: string,
  { nPositions = 64, called = name, rankTemplate = '' } = {},
): Uint8Array<ArrayBuffer> {
  const unused = Array.from({ length: nVocab - pieces.length }, (_, i) => `[unused${i}]`);
  return tinyEncoder(name, nPositions, {
    'general.name': [string, called],
    'tokenizer.ggml.model': [string, 'bert'],
    'tokenizer.ggml.tokens': [array, [string, [...pieces, ...unused]]],
    'tokenizer.ggml.token_type': [
      array,
      [types.i32, [...pieces.map((_, i) => (i < 4 ? 3 : 1)), ...unused.map(() => 5)]],
    ],
    'tokenizer.ggml.cls_token_id': [u32, 2],
    'tokenizer.ggml.seperator_token_id': [u32, 3],
    'tokenizer.ggml.unknown_token_id': [u32, 1],
    ...(rankTemplate && { 'tokenizer.chat_template.rerank': [string, rankTemplate] as const }),
  }) as Uint8Array<ArrayBuffer>;
}
