/**
 * Whole GGUF models of some hundred kilobytes, made from a seed: every feature of an architecture that changes its
 * arithmetic has one. llama.cpp reads the very same bytes, so `test/fixtures/models/tiny.json` holds its logits for each.
 *
 * Nothing here uses `src/`: a reader that misunderstands a format must not be fed by a writer that shares the mistake.
 * Weights depend on the tensor's name only, so two models differ by exactly the feature that tells them apart.
 */

/** Metadata as `[type, value]`; the types are GGUF's ids. */
export type Value = readonly [type: number, value: unknown];
export type Metadata = Map<string, Value>;

const U32 = 4;
const I32 = 5;
const F32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

export interface TinyTensor {
  readonly name: string;
  /** `[cols]` or `[cols, rows]`: GGUF's own order, fastest first. */
  readonly dims: readonly number[];
  readonly weights: Encoding;
  readonly bytes: Uint8Array;
  /** What the header says of its type, where that is not true. */
  readonly ggmlType?: number | undefined;
}

export interface TinyConfig {
  readonly arch: string;
  readonly nLayers: number;
  readonly dim: number;
  readonly ffnDim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
  readonly tokenizer: 'gpt2' | 'llama';
  /** The tied case has no `output.weight`: the token table is used twice. */
  readonly tied: boolean;
  readonly attnBias: boolean;
  readonly attnOutputBias: boolean;
  readonly ffnBias: boolean;
  readonly rope: 'plain' | 'linear' | 'yarn' | 'freqs';
  /** `attention.sliding_window`; absent: no such key. */
  readonly window?: number;
  /** Norms of queries and keys: each head, or whole rows. */
  readonly qkNorm?: 'heads' | 'rows';
  /** Norms before the blocks (always, unless `false`), behind them, and before their last matrices. */
  readonly preNorms?: boolean;
  readonly postNorms?: boolean;
  readonly subNorms?: boolean;
  /** A score for each head that has no value. */
  readonly sinks?: boolean;
  /** Matrices on top of each other: queries, keys and values, or gate and up. */
  readonly fused?: 'qkv' | 'gate' | 'both';
  /** A factor of its own for each projection. */
  readonly scales?: boolean;
  /** Divisors of LongRoPE's frequencies, of half so many columns. */
  readonly longRope?: number;
  /** Gemma 4: layers with wider heads, embeddings for each layer, last layers that share keys and values and are twice as wide. */
  readonly gemma4?: {
    readonly wide: readonly number[];
    readonly wideHeadDim: number;
    readonly perLayerDim: number;
    readonly nShared: number;
  };
  /** Gemma 3n, with what llama.cpp takes for granted of it: 20 layers with keys of their own, 256 columns for each layer. */
  readonly gemma3n?: boolean;
  /** Experts in place of feed-forward blocks, or beside them. */
  readonly experts?: TinyExperts;
  /** Families whose layers are of different kinds: what each is made of, and its norms. */
  readonly parts?: readonly (readonly (keyof typeof hybridParts)[])[];
  readonly partNorms?: readonly string[];
  /** Recurrent parts; their keys go into the metadata. */
  readonly ssm?: {
    readonly innerDim: number;
    readonly stateDim: number;
    readonly nHeads: number;
    readonly nGroups: number;
    readonly norm: boolean;
  };
  /** More metadata; the family's name goes in front of each key. */
  readonly keys?: Readonly<Record<string, Value>>;
  /** `tokenizer.chat_template`; absent: none. */
  readonly chatTemplate?: string;
  /** Encoding of each matrix, by the tensor's name. */
  readonly encoding: (tensorName: string) => keyof typeof encodings;
}

interface TinyExperts {
  readonly n: number;
  readonly used: number;
  /** Width inside one; absent: as dense blocks have it, and no key says so. */
  readonly dim?: number;
  /** Width inside the one that all tokens take. */
  readonly shared?: number;
  /** Gate and up on top of each other, those of the shared expert, too. */
  readonly fused?: boolean;
  readonly biases?: boolean;
  /** A factor for each expert's matrices of these names. */
  readonly scales?: readonly string[];
  /** A number for each expert that counts for the choice alone. */
  readonly choice?: boolean;
  readonly gateless?: boolean;
  /** Width between projections around all experts. */
  readonly latent?: number;
  /** The shared expert has a gate of its own. */
  readonly sharedGate?: boolean;
}

const chatml =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

const base: TinyConfig = {
  arch: 'llama',
  nLayers: 2,
  dim: 64,
  ffnDim: 96,
  nHeads: 4,
  nKvHeads: 2,
  headDim: 16,
  tokenizer: 'gpt2',
  tied: true,
  attnBias: false,
  attnOutputBias: false,
  ffnBias: false,
  rope: 'plain',
  encoding: () => 'f32',
};
const wide: TinyConfig = { ...base, nLayers: 1, dim: 256, ffnDim: 256, headDim: 64 };
const usesQ6K = (name: string) => /token_embd|attn_v|ffn_down/.test(name);

/** Name → model. The names are the keys of the goldens. */
export const tinyConfigs: Readonly<Record<string, TinyConfig>> = {
  llama: base,
  'llama-untied': { ...base, tied: false },
  'llama-mha': { ...base, nKvHeads: 4 },
  'llama-mqa': { ...base, nKvHeads: 1 },
  'llama-wide-heads': { ...base, headDim: 32 },
  'llama-attn-bias': { ...base, attnBias: true, attnOutputBias: true },
  'llama-ffn-bias': { ...base, ffnBias: true },
  'llama-rope-linear': { ...base, rope: 'linear' },
  'llama-rope-yarn': { ...base, rope: 'yarn' },
  'llama-rope-freqs': { ...base, rope: 'freqs' },
  'llama-spm': { ...base, tokenizer: 'llama' },
  qwen2: { ...base, arch: 'qwen2', attnBias: true },
  'qwen2-untied': { ...base, arch: 'qwen2', attnBias: true, tied: false },
  'llama-f16': { ...base, encoding: () => 'f16' },
  'llama-q8_0': { ...base, encoding: () => 'q8_0' },
  'llama-q4_0': { ...base, encoding: () => 'q4_0' },
  'llama-q4_1': { ...base, encoding: () => 'q4_1' },
  'llama-q5_0': { ...base, encoding: () => 'q5_0' },
  'llama-q4_k_m': { ...wide, encoding: (name) => (usesQ6K(name) ? 'q6_k' : 'q4_k') },
  'llama-iq2_xxs': { ...wide, encoding: () => 'iq2_xxs' },
  'llama-iq2_xs': { ...wide, encoding: () => 'iq2_xs' },
  'llama-iq2_s': { ...wide, encoding: () => 'iq2_s' },
  'llama-iq3_xxs': { ...wide, encoding: () => 'iq3_xxs' },
  'llama-iq3_s': { ...wide, encoding: () => 'iq3_s' },
  'llama-iq1_s': { ...wide, encoding: () => 'iq1_s' },
  'llama-iq1_m': { ...wide, encoding: () => 'iq1_m' },
  'llama-nvfp4': { ...base, ffnDim: 192, scales: true, encoding: () => 'nvfp4' },
};

const flags = (...of: number[]): Value => [ARRAY, [BOOL, of]];
const i32s = (...of: number[]): Value => [ARRAY, [I32, of]];
const f32 = (x: number): Value => [F32, x];
const u32 = (n: number): Value => [U32, n];
const stretched = { 'rope.scaling.type': [STRING, 'yarn'], 'rope.scaling.factor': f32(8) } as const;
const granite = {
  embedding_scale: f32(6),
  residual_scale: f32(0.3),
  'attention.scale': f32(0.11),
  logit_scale: f32(4),
} as const;

const nemotronMoe: TinyConfig = {
  ...base,
  arch: 'nemotron_h_moe',
  nLayers: 4,
  tied: false,
  parts: [['mamba'], ['attention'], ['experts'], ['experts']],
  partNorms: ['attn_norm.weight'],
  ssm: { innerDim: 128, stateDim: 16, nHeads: 8, nGroups: 2, norm: true },
  keys: {
    'attention.head_count_kv': i32s(0, 2, 0, 0),
    feed_forward_length: i32s(0, 0, 48, 48),
    'attention.layer_norm_epsilon': f32(1e-5),
    expert_group_count: u32(1),
    expert_group_used_count: u32(1),
    expert_weights_norm: [BOOL, true],
    expert_weights_scale: f32(2.5),
  },
  experts: { n: 8, used: 3, dim: 48, shared: 64, choice: true, gateless: true },
};

const gptOss: TinyConfig = {
  ...base,
  arch: 'gpt-oss',
  nLayers: 3,
  tied: false,
  attnBias: true,
  attnOutputBias: true,
  sinks: true,
  keys: {
    'rope.freq_base': f32(150000),
    'rope.scaling.type': [STRING, 'yarn'],
    'rope.scaling.factor': f32(32),
    'rope.scaling.original_context_length': u32(64),
    'attention.sliding_window': u32(16),
  },
  experts: { n: 8, used: 3, dim: 64, biases: true },
};

/** A model for each other family, and for what any family may have. */
export const familyConfigs: Readonly<Record<string, TinyConfig>> = {
  qwen3: { ...base, arch: 'qwen3', qkNorm: 'heads', headDim: 32 },
  'qwen3-fused': { ...base, arch: 'qwen3', qkNorm: 'heads', headDim: 32, fused: 'qkv' },
  'llama-fused': { ...base, attnBias: true, fused: 'qkv', scales: true },
  'llama-scales': { ...base, scales: true, tied: false, attnBias: true },
  gemma: { ...base, arch: 'gemma', headDim: 32, nKvHeads: 1 },
  gemma2: {
    ...base,
    arch: 'gemma2',
    nLayers: 4,
    headDim: 32,
    postNorms: true,
    keys: { 'attention.sliding_window': u32(16), attn_logit_softcapping: f32(3), final_logit_softcapping: f32(8) },
  },
  gemma3: {
    ...base,
    arch: 'gemma3',
    nLayers: 4,
    headDim: 32,
    qkNorm: 'heads',
    postNorms: true,
    rope: 'linear',
    keys: {
      'attention.sliding_window': u32(16),
      'attention.sliding_window_pattern': u32(3),
      'rope.freq_base': f32(1e6),
      'rope.freq_base_swa': f32(5000),
    },
  },
  gemma3n: {
    ...base,
    arch: 'gemma3n',
    nLayers: 22,
    dim: 32,
    ffnDim: 64,
    qkNorm: 'heads',
    postNorms: true,
    gemma3n: true,
    keys: {
      'attention.sliding_window': u32(16),
      'attention.sliding_window_pattern': flags(
        ...Array.from({ length: 22 }, (_, l) => (l === 21 || l % 5 === 4 ? 0 : 1)),
      ),
      'attention.shared_kv_layers': u32(2),
      'rope.freq_base': f32(1e6),
      embedding_length_per_layer_input: u32(256),
    },
  },
  gemma4: {
    ...base,
    arch: 'gemma4',
    nLayers: 6,
    qkNorm: 'heads',
    postNorms: true,
    gemma4: { wide: [1, 3, 5], wideHeadDim: 32, perLayerDim: 16, nShared: 2 },
    keys: {
      'attention.sliding_window': u32(16),
      'attention.sliding_window_pattern': flags(1, 0, 1, 0, 1, 0),
      'attention.shared_kv_layers': u32(2),
      'attention.key_length': u32(32),
      'attention.value_length': u32(32),
      'attention.key_length_swa': u32(16),
      'attention.value_length_swa': u32(16),
      'rope.dimension_count': u32(32),
      'rope.dimension_count_swa': u32(16),
      'rope.freq_base': f32(1e6),
      embedding_length_per_layer_input: u32(16),
      feed_forward_length: [ARRAY, [I32, [96, 96, 96, 96, 192, 192]]],
    },
  },
  smollm3: { ...base, arch: 'smollm3', nLayers: 4 },
  phi: { ...base, arch: 'phi3', fused: 'both', longRope: 12, keys: { 'rope.dimension_count': u32(12) } },
  'phi-long': {
    ...base,
    arch: 'phi3',
    fused: 'both',
    tied: false,
    longRope: 12,
    keys: {
      'rope.dimension_count': u32(12),
      'rope.scaling.original_context_length': u32(64),
      'rope.scaling.attn_factor': f32(1.19),
    },
  },
  mistral3: {
    ...base,
    arch: 'mistral3',
    headDim: 32,
    keys: {
      ...stretched,
      'rope.scaling.original_context_length': u32(16),
      'rope.scaling.yarn_log_multiplier': f32(1),
      'rope.scaling.yarn_beta_fast': f32(16),
      'attention.temperature_scale': f32(0.3),
    },
  },
  granite: { ...base, arch: 'granite', keys: granite },
  'granite-unturned': { ...base, arch: 'granite', keys: { ...granite, 'rope.scaling.finetuned': [BOOL, false] } },
  granite_swa: {
    ...base,
    arch: 'granite_swa',
    nLayers: 3,
    sinks: true,
    keys: {
      ...granite,
      'attention.sliding_window': u32(16),
      'attention.sliding_window_pattern': flags(1, 0, 1),
      'attention.rope_pattern': flags(1, 1, 0),
    },
  },
  minicpm: { ...base, arch: 'minicpm', tied: false },
  olmo2: { ...base, arch: 'olmo2', qkNorm: 'rows', preNorms: false, postNorms: true, tied: false },
  'olmo2-window': {
    ...base,
    arch: 'olmo2',
    nLayers: 4,
    qkNorm: 'rows',
    preNorms: false,
    postNorms: true,
    tied: false,
    keys: { ...stretched, 'rope.scaling.original_context_length': u32(64), 'attention.sliding_window': u32(16) },
  },
  exaone4: { ...base, arch: 'exaone4', qkNorm: 'heads', preNorms: false, postNorms: true },
  'exaone4-large': {
    ...base,
    arch: 'exaone4',
    nLayers: 64,
    dim: 32,
    ffnDim: 32,
    nHeads: 2,
    nKvHeads: 1,
    qkNorm: 'heads',
    preNorms: false,
    postNorms: true,
    keys: { 'attention.sliding_window': u32(16) },
  },
  'hunyuan-dense': { ...base, arch: 'hunyuan-dense', qkNorm: 'heads' },
  ernie4_5: { ...base, arch: 'ernie4_5', headDim: 32 },
  glm4: {
    ...base,
    arch: 'glm4',
    postNorms: true,
    attnBias: true,
    fused: 'gate',
    keys: { 'rope.dimension_count': u32(8) },
  },
  bitnet: { ...base, arch: 'bitnet', subNorms: true, scales: true },
  lfm2: {
    ...base,
    arch: 'lfm2',
    nLayers: 4,
    qkNorm: 'heads',
    parts: [
      ['conv', 'ffn'],
      ['attention', 'ffn'],
      ['conv', 'ffn'],
      ['attention', 'ffn'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm.weight'],
    keys: { 'attention.head_count_kv': i32s(0, 2, 0, 4), 'shortconv.l_cache': u32(3) },
  },
  qwen35: {
    ...base,
    arch: 'qwen35',
    nLayers: 4,
    headDim: 32,
    qkNorm: 'heads',
    parts: [
      ['delta', 'ffn'],
      ['delta', 'ffn'],
      ['delta', 'ffn'],
      ['gatedAttention', 'ffn'],
    ],
    partNorms: ['attn_norm.weight', 'post_attention_norm.weight'],
    ssm: { innerDim: 64, stateDim: 16, nHeads: 4, nGroups: 2, norm: true },
    keys: { 'rope.dimension_count': u32(8), 'rope.dimension_sections': i32s(2, 1, 1, 0) },
  },
  'qwen35-listed': {
    ...base,
    arch: 'qwen35',
    headDim: 32,
    tied: false,
    qkNorm: 'heads',
    parts: [
      ['gatedAttention', 'ffn'],
      ['delta', 'ffn'],
    ],
    partNorms: ['attn_norm.weight', 'post_attention_norm.weight'],
    ssm: { innerDim: 96, stateDim: 32, nHeads: 3, nGroups: 1, norm: true },
    keys: {
      'attention.recurrent_layers': flags(0, 1),
      'rope.dimension_count': u32(8),
      'rope.dimension_sections': i32s(2, 1, 1, 0),
    },
  },
  granitehybrid: {
    ...base,
    arch: 'granitehybrid',
    nLayers: 3,
    parts: [
      ['mamba', 'ffn'],
      ['attention', 'ffn'],
      ['mamba', 'ffn'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm.weight'],
    ssm: { innerDim: 128, stateDim: 16, nHeads: 8, nGroups: 1, norm: true },
    keys: { ...granite, 'attention.head_count_kv': i32s(0, 2, 0), 'rope.scaling.finetuned': [BOOL, false] },
  },
  'granitehybrid-turned': {
    ...base,
    arch: 'granitehybrid',
    parts: [
      ['attention', 'ffn'],
      ['mamba', 'ffn'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm.weight'],
    ssm: { innerDim: 128, stateDim: 8, nHeads: 4, nGroups: 2, norm: true },
    keys: { 'attention.head_count_kv': i32s(2, 0) },
  },
  'falcon-h1': {
    ...base,
    arch: 'falcon-h1',
    tied: false,
    parts: [
      ['attention', 'mamba', 'ffn'],
      ['attention', 'mamba', 'ffn'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm'],
    ssm: { innerDim: 96, stateDim: 16, nHeads: 6, nGroups: 2, norm: false },
    keys: { 'attention.key_length': u32(16), 'attention.value_length': u32(16) },
  },
  nemotron_h: {
    ...base,
    arch: 'nemotron_h',
    nLayers: 5,
    tied: false,
    ffnBias: true,
    parts: [['mamba'], ['attention'], ['reluFfn'], ['mamba'], ['reluFfn']],
    partNorms: ['attn_norm.weight'],
    ssm: { innerDim: 128, stateDim: 16, nHeads: 8, nGroups: 2, norm: true },
    keys: {
      'attention.head_count_kv': i32s(0, 2, 0, 0, 0),
      feed_forward_length: i32s(0, 0, 96, 0, 64),
      'attention.key_length': u32(16),
      'attention.value_length': u32(16),
      'attention.layer_norm_epsilon': f32(1e-5),
    },
  },
};

/** Mixtures of experts: a model for each way to choose and to weigh them, and for each spelling. */
export const mixtureConfigs: Readonly<Record<string, TinyConfig>> = {
  mixtral: { ...base, experts: { n: 6, used: 2 } },
  qwen3moe: { ...base, arch: 'qwen3moe', qkNorm: 'heads', headDim: 32, experts: { n: 9, used: 3, dim: 48 } },
  'mixtral-scales': { ...base, tied: false, experts: { n: 6, used: 2, scales: ['gate', 'up', 'down'] } },
  granitemoe: { ...base, arch: 'granitemoe', keys: granite, experts: { n: 6, used: 2, shared: 64 } },
  'granite-experts': { ...base, arch: 'granite', tied: false, keys: granite, experts: { n: 5, used: 5 } },
  'granite_swa-experts': {
    ...base,
    arch: 'granite_swa',
    nLayers: 3,
    sinks: true,
    keys: {
      ...granite,
      'attention.sliding_window': u32(16),
      'attention.sliding_window_pattern': flags(1, 0, 1),
      'attention.rope_pattern': flags(1, 1, 0),
    },
    experts: { n: 6, used: 1, shared: 32, fused: true },
  },
  'gpt-oss': gptOss,
  'gpt-oss-mxfp4': { ...gptOss, ffnDim: 64, encoding: (name) => (name.includes('_exps') ? 'mxfp4' : 'q8_0') },
  'qwen3moe-q4_k_m': {
    ...wide,
    arch: 'qwen3moe',
    qkNorm: 'heads',
    experts: { n: 6, used: 2, dim: 256 },
    encoding: (name) => (usesQ6K(name) ? 'q6_k' : 'q4_k'),
  },
  lfm2moe: {
    ...base,
    arch: 'lfm2moe',
    nLayers: 3,
    qkNorm: 'heads',
    parts: [
      ['conv', 'ffn'],
      ['attention', 'experts'],
      ['conv', 'experts'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm.weight'],
    keys: {
      'attention.head_count_kv': i32s(0, 2, 0),
      'shortconv.l_cache': u32(3),
      leading_dense_block_count: u32(1),
      expert_gating_func: u32(2),
    },
    experts: { n: 8, used: 3, dim: 48, choice: true },
  },
  'lfm2moe-softmax': {
    ...base,
    arch: 'lfm2moe',
    qkNorm: 'heads',
    parts: [
      ['conv', 'experts'],
      ['attention', 'experts'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm.weight'],
    keys: { 'attention.head_count_kv': i32s(0, 2), 'shortconv.l_cache': u32(3), expert_gating_func: u32(1) },
    experts: { n: 5, used: 2, dim: 48, choice: true },
  },
  qwen35moe: {
    ...base,
    arch: 'qwen35moe',
    headDim: 32,
    qkNorm: 'heads',
    parts: [
      ['delta', 'experts'],
      ['gatedAttention', 'experts'],
    ],
    partNorms: ['attn_norm.weight', 'post_attention_norm.weight'],
    ssm: { innerDim: 64, stateDim: 16, nHeads: 4, nGroups: 2, norm: true },
    keys: {
      full_attention_interval: u32(2),
      'rope.dimension_count': u32(8),
      'rope.dimension_sections': i32s(2, 1, 1, 0),
    },
    experts: { n: 8, used: 2, dim: 48, shared: 64, sharedGate: true },
  },
  'granitehybrid-experts': {
    ...base,
    arch: 'granitehybrid',
    nLayers: 3,
    parts: [
      ['mamba', 'experts'],
      ['attention', 'experts'],
      ['mamba', 'experts'],
    ],
    partNorms: ['attn_norm.weight', 'ffn_norm.weight'],
    ssm: { innerDim: 128, stateDim: 16, nHeads: 8, nGroups: 1, norm: true },
    keys: { ...granite, 'attention.head_count_kv': i32s(0, 2, 0), 'rope.scaling.finetuned': [BOOL, false] },
    experts: { n: 6, used: 2, shared: 48 },
  },
  nemotron_h_moe: nemotronMoe,
  'nemotron_h_moe-latent': {
    ...nemotronMoe,
    keys: { ...nemotronMoe.keys, expert_weights_norm: [BOOL, false] },
    experts: { ...nemotronMoe.experts!, latent: 32 },
  },
  'gemma4-experts': {
    ...base,
    arch: 'gemma4',
    nLayers: 4,
    qkNorm: 'heads',
    postNorms: true,
    gemma4: { wide: [1, 3], wideHeadDim: 32, perLayerDim: 0, nShared: 0 },
    keys: {
      'attention.sliding_window': u32(16),
      'attention.sliding_window_pattern': flags(1, 0, 1, 0),
      'attention.key_length': u32(32),
      'attention.value_length': u32(32),
      'attention.key_length_swa': u32(16),
      'attention.value_length_swa': u32(16),
      'rope.dimension_count': u32(32),
      'rope.dimension_count_swa': u32(16),
      'rope.freq_base': f32(1e6),
      embedding_length_per_layer_input: u32(0),
    },
    experts: { n: 8, used: 3, dim: 48, fused: true, scales: ['down'] },
  },
};

/** Mistral's windows. llama.cpp's `llama` ignores the key, so their golden is of `transformers`: scripts/mistral_goldens.py. */
export const windowConfigs: Readonly<Record<string, TinyConfig>> = {
  'llama-window': { ...base, window: 16 },
  'llama-window-odd': { ...base, window: 23, headDim: 32, nLayers: 3 },
};

/** Models that can chat, a byte a token: in ChatML, and with a template that writes all it is given. */
const chatConfigs: Readonly<Record<string, TinyConfig>> = {
  'llama-chat': { ...base, chatTemplate: chatml },
  'llama-chat-variables': {
    ...base,
    chatTemplate:
      '{{ messages | length }} {{ tools | tojson }} {{ documents | tojson }} {{ enable_thinking }} {{ effort }}',
  },
};

/** The prompt of their golden: 200 token ids, longer than the ring of either. */
export const windowPrompt: readonly number[] = Array.from({ length: 200 }, (_, i) => (i * 89 + 37 + (i >> 4)) % 251);

/** The prompt of the goldens: 48 token ids, the same for every tiny model. */
export const tinyPrompt: readonly number[] = Array.from({ length: 48 }, (_, i) => (i * 89 + 37) % 251);

/** Random 32-bit integers by Marsaglia's xorshift (Journal of Statistical Software 8:14), seeded by a name's FNV-1a hash. */
function random(name: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) state = Math.imul(state ^ name.charCodeAt(i), 0x01000193);
  state ||= 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = 0; i < 8; i++) next(); // similar names start close together
  return next;
}

interface Encoding {
  readonly ggmlType: number;
  readonly blockSize: number;
  readonly blockBytes: number;
  /** Writes one valid block of random weights, of about the given spread where the encoding allows. */
  readonly put: (view: DataView, at: number, next: () => number, spread: number) => void;
}

/** Random bytes everywhere, then these f16 fields (`[offset, bits]`) over them: powers of two that keep weights near 1/8. */
function quantised(ggmlType: number, blockSize: number, blockBytes: number, halves: [number, number][]): Encoding {
  return {
    ggmlType,
    blockSize,
    blockBytes,
    put(view, at, next) {
      for (let i = 0; i < blockBytes; i++) view.setUint8(at + i, next() >>> 11);
      for (const [offset, bits] of halves) view.setUint16(at + offset, bits, true);
    },
  };
}

const encodings = {
  f32: {
    ggmlType: 0,
    blockSize: 1,
    blockBytes: 4,
    put: (view, at, next, spread) => view.setFloat32(at, ((next() >>> 8) / 2 ** 23 - 1) * spread, true),
  },
  f16: {
    ggmlType: 1,
    blockSize: 1,
    blockBytes: 2,
    // random sign and mantissa, magnitude from 2^-6 to 2^-2
    put: (view, at, next) => view.setUint16(at, (next() & 0x83ff) | ((9 + (next() % 4)) << 10), true),
  },
  q4_0: quantised(2, 32, 18, [[0, 0x2800]]), // scale 2^-5
  // prettier-ignore
  q4_1: quantised(3, 32, 20, [[0, 0x2800], [2, 0xb380]]), // scale 2^-5, min -7.5 * 2^-5
  q5_0: quantised(6, 32, 22, [[0, 0x2400]]), // scale 2^-6
  q8_0: quantised(8, 32, 34, [[0, 0x1800]]), // scale 2^-9
  mxfp4: {
    ...quantised(39, 32, 17, []),
    put(view, at, next) {
      for (let i = 0; i < 17; i++) view.setUint8(at + i, i === 0 ? 121 + ((next() >>> 11) & 1) : next() >>> 11); // scales 2^-7 and 2^-6
    },
  },
  // prettier-ignore
  q4_k: quantised(12, 256, 144, [[0, 0x1000], [2, 0x1b80]]), // scale 2^-11, min scale 7.5 * 2^-11
  q6_k: quantised(14, 256, 210, [[208, 0x0400]]), // scale 2^-14
  iq2_xxs: quantised(16, 256, 66, [[0, 0x1800]]), // scale 2^-9
  iq2_xs: quantised(17, 256, 74, [[0, 0x1800]]),
  iq3_xxs: quantised(18, 256, 98, [[0, 0x1400]]), // scale 2^-10
  iq1_s: quantised(19, 256, 50, [[0, 0x2400]]), // scale 2^-6
  iq3_s: quantised(21, 256, 110, [[0, 0x1400]]),
  iq2_s: quantised(22, 256, 82, [[0, 0x1800]]),
  iq1_m: {
    ...quantised(29, 256, 56, []),
    put(view, at, next) {
      for (let i = 0; i < 56; i++) view.setUint8(at + i, next() >>> 11);
      [0, 0, 0x40, 0x20].forEach((bits, i) => view.setUint8(at + 49 + 2 * i, (next() & 15) | bits)); // scale 2^-6
    },
  },
  nvfp4: {
    ...quantised(40, 64, 36, []),
    put(view, at, next) {
      for (let i = 0; i < 36; i++) view.setUint8(at + i, i < 4 ? 16 | ((next() >>> 11) & 15) : next() >>> 11); // scales from 2^-5
    },
  },
} satisfies Record<string, Encoding>;

export function tinyTensor(
  name: string,
  dims: number[],
  encoding: keyof typeof encodings,
  spread: number,
  centre = 0,
): TinyTensor {
  const weights: Encoding = encodings[encoding];
  const nBlocks = dims.reduce((a, b) => a * b, 1) / weights.blockSize;
  const bytes = new Uint8Array(nBlocks * weights.blockBytes);
  const view = new DataView(bytes.buffer);
  const next = random(name);
  for (let i = 0; i < nBlocks; i++) weights.put(view, i * weights.blockBytes, next, spread);
  if (centre !== 0)
    for (let i = 0; i < nBlocks; i++) view.setFloat32(4 * i, centre + view.getFloat32(4 * i, true), true);
  return { name, dims, weights, bytes };
}

const matrixOf =
  (c: TinyConfig) =>
  (name: string, cols: number, rows: number, gain = 1): TinyTensor =>
    tinyTensor(name, [cols, rows], c.encoding(name), gain * Math.sqrt(3 / cols));

const denseTensors = (c: TinyConfig, at: string): TinyTensor[] => [
  matrixOf(c)(at + 'ffn_gate.weight', c.dim, c.ffnDim),
  matrixOf(c)(at + 'ffn_up.weight', c.dim, c.ffnDim),
  matrixOf(c)(at + 'ffn_down.weight', c.ffnDim, c.dim),
];

/** Experts and their router, whose scores lie far apart: of two that are nearly equal, rounding would choose. */
function expertTensors(c: TinyConfig, e: TinyExperts, at: string): TinyTensor[] {
  const { n, dim = c.ffnDim, latent = c.dim, shared = 0 } = e;
  const stack = (name: string, cols: number, rows: number): TinyTensor[] => {
    const own = `${at}ffn_${name}_exps`;
    return [
      tinyTensor(`${own}.weight`, [cols, rows, n], c.encoding(`${own}.weight`), Math.sqrt(3 / cols)),
      ...(e.biases ? [tinyTensor(`${own}.bias`, [rows, n], 'f32', 0.4)] : []),
      ...(e.scales?.includes(name) ? [tinyTensor(`${own}.scale`, [n], 'f32', 0.4, 1)] : []),
    ];
  };
  const matrix = (name: string, cols: number, rows: number) => matrixOf(c)(`${at}ffn_${name}.weight`, cols, rows);
  const shexp = [
    ...(e.fused || e.gateless ? [] : [matrix('gate_shexp', c.dim, shared)]),
    matrix('up_shexp', c.dim, e.fused ? 2 * shared : shared),
    matrix('down_shexp', shared, c.dim),
    ...(e.sharedGate ? [tinyTensor(`${at}ffn_gate_inp_shexp.weight`, [c.dim], 'f32', 0.4)] : []),
  ];
  return [
    tinyMatrix(`${at}ffn_gate_inp.weight`, c.dim, n, 3),
    ...(e.biases ? [tinyTensor(`${at}ffn_gate_inp.bias`, [n], 'f32', 0.4)] : []),
    ...(e.choice ? [tinyTensor(`${at}exp_probs_b.bias`, [n], 'f32', 0.4)] : []),
    ...(e.latent ? [matrix('latent_down', c.dim, latent), matrix('latent_up', latent, c.dim)] : []),
    ...(e.fused ? stack('gate_up', latent, 2 * dim) : e.gateless ? [] : stack('gate', latent, dim)),
    ...(e.fused ? [] : stack('up', latent, dim)),
    ...stack('down', dim, latent),
    ...(shared ? shexp : []),
  ];
}

function tinyTensors(c: TinyConfig, nVocab: number): TinyTensor[] {
  const matrix = matrixOf(c);
  const norm = (name: string) => tinyTensor(name, [c.dim], 'f32', 0.3, 1);
  const bias = (name: string, cols: number) => tinyTensor(name, [cols], 'f32', 0.4);
  const qDim = c.nHeads * c.headDim;
  const kvDim = c.nKvHeads * c.headDim;
  const lastNorm = c.arch.startsWith('lfm2') ? 'token_embd_norm.weight' : 'output_norm.weight';
  const tensors = [matrix('token_embd.weight', c.dim, nVocab, 4), norm(lastNorm)];
  if (!c.tied) tensors.push(matrix('output.weight', c.dim, nVocab, 4));
  if (c.rope === 'freqs') tensors.push(ropeFreqs(c.headDim / 2));
  if (c.longRope !== undefined) tensors.push(...longFactors(c.longRope));
  if (c.gemma4) tensors.push(...gemma4Tables(c, c.gemma4, nVocab));
  if (c.gemma3n) tensors.push(...gemma3nTables(c, nVocab));
  for (let l = 0; l < c.nLayers; l++) {
    const at = `blk.${l}.`;
    if (c.gemma4) {
      tensors.push(...gemma4Layer(c, c.gemma4, l));
      continue;
    }
    if (c.parts) {
      tensors.push(...hybridLayer(c, at, l));
      continue;
    }
    tensors.push(
      matrix(at + 'attn_q.weight', c.dim, qDim, 2), // sharp attention: a wrong rotation must show
      matrix(at + 'attn_k.weight', c.dim, kvDim, 2),
      matrix(at + 'attn_v.weight', c.dim, kvDim),
      matrix(at + 'attn_output.weight', qDim, c.dim),
      ...(c.experts ? expertTensors(c, c.experts, at) : denseTensors(c, at)),
      ...normsOf(c, at),
    );
    if (c.gemma3n) tensors.push(...gemma3nParts(c, at));
    if (c.sinks) tensors.push(bias(at + 'attn_sinks.weight', c.nHeads));
    if (c.scales) tensors.push(...projectionStems.map((stem) => tinyTensor(`${at}${stem}.scale`, [1], 'f32', 0.4, 1)));
    if (c.attnBias) tensors.push(bias(at + 'attn_q.bias', qDim), bias(at + 'attn_k.bias', kvDim));
    if (c.attnBias) tensors.push(bias(at + 'attn_v.bias', kvDim));
    if (c.attnOutputBias) tensors.push(bias(at + 'attn_output.bias', c.dim));
    if (c.ffnBias) tensors.push(bias(at + 'ffn_gate.bias', c.ffnDim), bias(at + 'ffn_up.bias', c.ffnDim));
    if (c.ffnBias) tensors.push(bias(at + 'ffn_down.bias', c.dim));
  }
  return fuse(c, tensors);
}

const hybridLayer = (c: TinyConfig, at: string, l: number): TinyTensor[] => [
  ...c.parts![l]!.flatMap((part) => hybridParts[part](c, at, l)),
  ...c.partNorms!.map((name) => tinyTensor(at + name, [c.dim], 'f32', 0.3, 1)),
];

const listed = (c: TinyConfig, key: string, l: number, usual: number): number =>
  (c.keys?.[key]?.[1] as [number, number[]] | undefined)?.[1][l] ?? usual;

const headNorms = (c: TinyConfig, at: string): TinyTensor[] =>
  c.qkNorm ? ['q', 'k'].map((of) => tinyTensor(`${at}attn_${of}_norm.weight`, [c.headDim], 'f32', 0.3, 1)) : [];

/** Queries of so many columns for each of their own: a gate lies behind each head. */
function hybridAttention(c: TinyConfig, at: string, l: number, times = 1): TinyTensor[] {
  const [qDim, kvDim] = [c.nHeads * c.headDim, listed(c, 'attention.head_count_kv', l, c.nKvHeads) * c.headDim];
  return [
    tinyMatrix(at + 'attn_q.weight', c.dim, times * qDim, 2),
    tinyMatrix(at + 'attn_k.weight', c.dim, kvDim, 2),
    tinyMatrix(at + 'attn_v.weight', c.dim, kvDim),
    tinyMatrix(at + 'attn_output.weight', qDim, c.dim),
    ...headNorms(c, at),
  ];
}

/** Numbers of each head, the convolution, and the norm behind the recurrence. */
function recurrence(c: TinyConfig, at: string, convDim: number, headDims: number[], normDims: number[]): TinyTensor[] {
  return [
    tinyTensor(at + 'ssm_conv1d.weight', [4, convDim], 'f32', 0.8),
    tinyTensor(at + 'ssm_a', headDims, 'f32', 0.9, -1),
    tinyTensor(at + 'ssm_dt.bias', [c.ssm!.nHeads], 'f32', 1),
    tinyMatrix(at + 'ssm_out.weight', c.ssm!.innerDim, c.dim),
    ...(c.ssm!.norm ? [tinyTensor(at + 'ssm_norm.weight', normDims, 'f32', 0.3, 1)] : []),
  ];
}

const hybridParts = {
  attention: (c: TinyConfig, at: string, l: number) => hybridAttention(c, at, l),
  gatedAttention: (c: TinyConfig, at: string, l: number) => hybridAttention(c, at, l, 2),
  conv: (c: TinyConfig, at: string) => [
    tinyMatrix(at + 'shortconv.in_proj.weight', c.dim, 3 * c.dim),
    tinyTensor(at + 'shortconv.conv.weight', [3, c.dim], 'f32', 0.8),
    tinyMatrix(at + 'shortconv.out_proj.weight', c.dim, c.dim),
  ],
  delta(c: TinyConfig, at: string) {
    const { innerDim, stateDim, nHeads, nGroups } = c.ssm!;
    const mixedDim = 2 * nGroups * stateDim + innerDim;
    return [
      tinyMatrix(at + 'attn_qkv.weight', c.dim, mixedDim),
      tinyMatrix(at + 'attn_gate.weight', c.dim, innerDim),
      tinyMatrix(at + 'ssm_alpha.weight', c.dim, nHeads),
      tinyMatrix(at + 'ssm_beta.weight', c.dim, nHeads),
      ...recurrence(c, at, mixedDim, [nHeads], [stateDim]),
    ];
  },
  mamba(c: TinyConfig, at: string) {
    const { innerDim, stateDim, nHeads, nGroups } = c.ssm!;
    const mixedDim = innerDim + 2 * nGroups * stateDim;
    return [
      tinyMatrix(at + 'ssm_in.weight', c.dim, innerDim + mixedDim + nHeads),
      tinyTensor(at + 'ssm_conv1d.bias', [mixedDim], 'f32', 0.4),
      tinyTensor(at + 'ssm_d', [1, nHeads], 'f32', 0.3, 1),
      ...recurrence(c, at, mixedDim, [1, nHeads], [innerDim / nGroups, nGroups]),
    ];
  },
  ffn: (c: TinyConfig, at: string) => [
    tinyMatrix(at + 'ffn_gate.weight', c.dim, c.ffnDim),
    tinyMatrix(at + 'ffn_up.weight', c.dim, c.ffnDim),
    tinyMatrix(at + 'ffn_down.weight', c.ffnDim, c.dim),
  ],
  experts: (c: TinyConfig, at: string) => expertTensors(c, c.experts!, at),
  reluFfn(c: TinyConfig, at: string, l: number) {
    const ffnDim = listed(c, 'feed_forward_length', l, c.ffnDim);
    return [
      tinyMatrix(at + 'ffn_up.weight', c.dim, ffnDim),
      tinyMatrix(at + 'ffn_down.weight', ffnDim, c.dim),
      tinyTensor(at + 'ffn_up.bias', [ffnDim], 'f32', 0.4),
      tinyTensor(at + 'ffn_down.bias', [c.dim], 'f32', 0.4),
    ];
  },
};

type Gemma4 = NonNullable<TinyConfig['gemma4']>;

export const tinyMatrix = (name: string, cols: number, rows: number, gain = 1): TinyTensor =>
  tinyTensor(name, [cols, rows], 'f32', gain * Math.sqrt(3 / cols));

function gemma4Tables(c: TinyConfig, { wideHeadDim, perLayerDim }: Gemma4, nVocab: number): TinyTensor[] {
  const freqs = ropeFreqs(wideHeadDim / 2);
  const view = new DataView(freqs.bytes.buffer);
  for (let i = 0; i < wideHeadDim / 2; i++) view.setFloat32(4 * i, i < wideHeadDim / 8 ? 1 : 1e30, true);
  if (perLayerDim === 0) return [freqs];
  return [
    freqs,
    tinyTensor('per_layer_token_embd.weight', [c.nLayers * perLayerDim, nVocab], 'q8_0', 1),
    tinyMatrix('per_layer_model_proj.weight', c.dim, c.nLayers * perLayerDim),
    tinyTensor('per_layer_proj_norm.weight', [perLayerDim], 'f32', 0.3, 1),
  ];
}

const gemma3nTables = (c: TinyConfig, nVocab: number): TinyTensor[] => [
  tinyTensor('per_layer_token_embd.weight', [c.nLayers * 256, nVocab], 'q8_0', 1),
  tinyMatrix('per_layer_model_proj.weight', c.dim, c.nLayers * 256),
  tinyTensor('per_layer_proj_norm.weight', [256], 'f32', 0.3, 1),
  ...['altup_proj', 'altup_unembd_proj'].map((name) =>
    tinyTensor(`${name}.weight`, [c.dim, c.dim, 3], 'f32', Math.sqrt(3 / c.dim)),
  ),
];

function gemma3nParts(c: TinyConfig, at: string): TinyTensor[] {
  const norm = (name: string) => tinyTensor(`${at}${name}.weight`, [c.dim], 'f32', 0.3, 1);
  return [
    tinyMatrix(at + 'inp_gate.weight', c.dim, 256),
    tinyMatrix(at + 'proj.weight', 256, c.dim),
    ...['post_norm', 'altup_router_norm', 'altup_correct_scale', 'laurel_post_norm'].map(norm),
    tinyMatrix(at + 'altup_router.weight', c.dim, 4, 4),
    tinyTensor(at + 'altup_predict_coef.weight', [4, 16], 'f32', 0.3),
    tinyTensor(at + 'altup_correct_coef.weight', [4, 4], 'f32', 0.3),
    tinyMatrix(at + 'laurel_l.weight', c.dim, 64),
    tinyMatrix(at + 'laurel_r.weight', 64, c.dim),
  ];
}

/** Layer 1 has no values of its own: its keys are. The last layers have keys and values that nobody needs. */
function gemma4Layer(c: TinyConfig, { wide, wideHeadDim, perLayerDim, nShared }: Gemma4, l: number): TinyTensor[] {
  const at = `blk.${l}.`;
  const headDim = wide.includes(l) ? wideHeadDim : c.headDim;
  const ffnDim = c.ffnDim * (l < c.nLayers - nShared ? 1 : 2);
  const [qDim, kvDim] = [c.nHeads * headDim, c.nKvHeads * headDim];
  return [
    tinyMatrix(at + 'attn_q.weight', c.dim, qDim),
    tinyMatrix(at + 'attn_k.weight', c.dim, kvDim),
    ...(l === 1 ? [] : [tinyMatrix(at + 'attn_v.weight', c.dim, kvDim)]),
    tinyMatrix(at + 'attn_output.weight', qDim, c.dim),
    tinyMatrix(at + 'ffn_gate.weight', c.dim, ffnDim),
    tinyMatrix(at + 'ffn_up.weight', c.dim, ffnDim),
    tinyMatrix(at + 'ffn_down.weight', ffnDim, c.dim),
    ...(perLayerDim === 0 ? [] : perLayerTensors(c, perLayerDim, at)),
    ...(c.experts ? [...expertTensors(c, c.experts, at), ...gemmaRouter(c, at)] : []),
    tinyTensor(at + 'layer_output_scale.weight', [1], 'f32', 0.3, 0.8),
    ...normsOf({ ...c, headDim }, at),
  ];
}

const perLayerTensors = (c: TinyConfig, perLayerDim: number, at: string): TinyTensor[] => [
  tinyMatrix(at + 'inp_gate.weight', c.dim, perLayerDim),
  tinyMatrix(at + 'proj.weight', perLayerDim, c.dim),
  tinyTensor(at + 'post_norm.weight', [c.dim], 'f32', 0.3, 1),
];

/** Factors of the router's columns, which make up for its small inputs, and the norms of what stands side by side. */
const gemmaRouter = (c: TinyConfig, at: string): TinyTensor[] => [
  tinyTensor(at + 'ffn_gate_inp.scale', [c.dim], 'f32', 2, Math.sqrt(c.dim)),
  ...['pre_ffw_norm_2', 'post_ffw_norm_1', 'post_ffw_norm_2'].map((name) =>
    tinyTensor(`${at}${name}.weight`, [c.dim], 'f32', 0.3, 1),
  ),
];

const projectionStems = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];

function normsOf(c: TinyConfig, at: string): TinyTensor[] {
  const norm = (name: string, cols = c.dim) => tinyTensor(`${at}${name}.weight`, [cols], 'f32', 0.3, 1);
  const [qDim, kvDim] = [c.nHeads * c.headDim, c.nKvHeads * c.headDim];
  const [qCols, kCols] = c.qkNorm === 'rows' ? [qDim, kvDim] : [c.headDim, c.headDim];
  return [
    ...(c.preNorms === false
      ? []
      : [norm('attn_norm'), norm(c.arch === 'gpt-oss' ? 'post_attention_norm' : 'ffn_norm')]),
    ...(c.postNorms ? [norm('post_attention_norm'), norm('post_ffw_norm')] : []),
    ...(c.subNorms ? [norm('attn_sub_norm', qDim), norm('ffn_sub_norm', c.ffnDim)] : []),
    ...(c.qkNorm ? [norm('attn_q_norm', qCols), norm('attn_k_norm', kCols)] : []),
  ];
}

/** Puts matrices on top of each other, and their biases behind each other; of their factors one is left. */
function fuse({ fused }: TinyConfig, tensors: readonly TinyTensor[]): TinyTensor[] {
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ...(fused === 'qkv' || fused === 'both' ? [['attn_qkv', ['attn_q', 'attn_k', 'attn_v']] as const] : []),
    ...(fused === 'gate' || fused === 'both' ? [['ffn_up', ['ffn_gate', 'ffn_up']] as const] : []),
  ];
  let all = [...tensors];
  for (const [whole, stems] of groups) {
    const inGroup = ({ name }: TinyTensor) => stems.some((stem) => name.includes(`.${stem}.`));
    const parts = all.filter(inGroup);
    const wholeOf = ({ name }: TinyTensor) => name.replace(/\.\w+(\.\w+)$/, `.${whole}$1`);
    all = all.filter((tensor) => !inGroup(tensor));
    for (const name of new Set(parts.map(wholeOf))) {
      const own = parts.filter((part) => wholeOf(part) === name);
      all.push(name.endsWith('.scale') ? { ...own[0]!, name } : onTop(name, own));
    }
  }
  return all;
}

function onTop(name: string, parts: readonly TinyTensor[]): TinyTensor {
  const dims = [...parts[0]!.dims];
  dims[dims.length - 1] = parts.reduce((sum, part) => sum + part.dims.at(-1)!, 0);
  return { ...parts[0]!, name, dims, bytes: Uint8Array.from(parts.flatMap((part) => [...part.bytes])) };
}

/** LongRoPE's divisors: for sessions within the original context, and for longer ones. */
const longFactors = (ropeDim: number): TinyTensor[] =>
  ['short', 'long'].map((name, i) => {
    const bytes = new Uint8Array(2 * ropeDim);
    const view = new DataView(bytes.buffer);
    for (let p = 0; p < ropeDim / 2; p++) view.setFloat32(4 * p, 1 + (i === 0 ? 0.05 : 0.7) * p, true);
    return { name: `rope_factors_${name}.weight`, dims: [ropeDim / 2], weights: encodings.f32, bytes };
  });

/** Divisors as Llama 3.1 has them: high frequencies keep theirs, low ones are slowed eight times, some lie between. */
function ropeFreqs(n: number): TinyTensor {
  const bytes = new Uint8Array(4 * n);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < n; i++) view.setFloat32(4 * i, Math.min(8, Math.max(1, 2 ** (i - n / 4))), true);
  return { name: 'rope_freqs.weight', dims: [n], weights: encodings.f32, bytes };
}

/** GPT-2's spelling of bytes: printable Latin-1 stands for itself, the others are code points from 256 on, in order. */
function byteSpellings(): string[] {
  const printable = (b: number) => (b > 32 && b < 127) || (b > 160 && b !== 173 && b < 256);
  let spare = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : spare++));
}

// prettier-ignore
const merges = ['t h', 'i n', 'e r', 'a n', 'o n', 'Ġ t', 'Ġ a', 'th e', 'an d', 'in g', 'Ġt h', 'Ġth e', 'Ġa nd'];

function bpeVocab(meta: Metadata): number {
  const controls = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
  const tokens = [...byteSpellings(), ...merges.map((pair) => pair.replace(' ', '')), ...controls];
  const types = tokens.map((_, i) => (i < tokens.length - controls.length ? 1 : 3));
  meta.set('tokenizer.ggml.model', [STRING, 'gpt2']);
  meta.set('tokenizer.ggml.pre', [STRING, 'smollm']);
  meta.set('tokenizer.ggml.tokens', [ARRAY, [STRING, tokens]]);
  meta.set('tokenizer.ggml.token_type', [ARRAY, [I32, types]]);
  meta.set('tokenizer.ggml.merges', [ARRAY, [STRING, merges]]);
  meta.set('tokenizer.ggml.bos_token_id', [U32, tokens.length - 2]);
  meta.set('tokenizer.ggml.eos_token_id', [U32, tokens.length - 1]);
  meta.set('tokenizer.ggml.add_bos_token', [BOOL, false]);
  return tokens.length;
}

function spmVocab(meta: Metadata): number {
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const pieces = ['▁', ...'etaoinshrdlu', '▁t', 'he', '▁the', 'in', 'er', 'an'];
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces];
  meta.set('tokenizer.ggml.model', [STRING, 'llama']);
  meta.set('tokenizer.ggml.tokens', [ARRAY, [STRING, tokens]]);
  meta.set('tokenizer.ggml.scores', [ARRAY, [F32, tokens.map((_, i) => Math.min(0, 258 - i))]]);
  meta.set('tokenizer.ggml.token_type', [ARRAY, [I32, tokens.map((_, i) => [2, 3, 3][i] ?? (i < 259 ? 6 : 1))]]);
  meta.set('tokenizer.ggml.bos_token_id', [U32, 1]);
  meta.set('tokenizer.ggml.eos_token_id', [U32, 2]);
  meta.set('tokenizer.ggml.unknown_token_id', [U32, 0]);
  return tokens.length;
}

const expertKeys = ({ experts }: TinyConfig): Readonly<Record<string, Value>> =>
  experts
    ? {
        expert_count: u32(experts.n),
        expert_used_count: u32(experts.used),
        ...(experts.dim ? { expert_feed_forward_length: u32(experts.dim) } : {}),
        ...(experts.latent ? { moe_latent_size: u32(experts.latent) } : {}),
        ...(experts.shared ? { expert_shared_feed_forward_length: u32(experts.shared) } : {}),
      }
    : {};

function tinyMetadata(name: string, c: TinyConfig): { meta: Metadata; nVocab: number } {
  const meta: Metadata = new Map<string, Value>([
    ['general.architecture', [STRING, c.arch]],
    ['general.name', [STRING, `tiny ${name}`]],
    [`${c.arch}.block_count`, [U32, c.nLayers]],
    [`${c.arch}.context_length`, [U32, 256]],
    [`${c.arch}.embedding_length`, [U32, c.dim]],
    [`${c.arch}.feed_forward_length`, [U32, c.ffnDim]],
    [`${c.arch}.attention.head_count`, [U32, c.nHeads]],
    [`${c.arch}.attention.head_count_kv`, [U32, c.nKvHeads]],
    [`${c.arch}.attention.layer_norm_rms_epsilon`, [F32, 1e-5]],
    [`${c.arch}.rope.freq_base`, [F32, 10000]],
  ]);
  if (c.headDim * c.nHeads !== c.dim) {
    meta.set(`${c.arch}.attention.key_length`, [U32, c.headDim]);
    meta.set(`${c.arch}.attention.value_length`, [U32, c.headDim]);
  }
  if (c.arch === 'llama') meta.set('llama.rope.dimension_count', [U32, c.headDim]);
  if (c.window !== undefined) meta.set(`${c.arch}.attention.sliding_window`, [U32, c.window]);
  if (c.rope === 'linear' || c.rope === 'yarn') {
    meta.set(`${c.arch}.rope.scaling.type`, [STRING, c.rope]);
    meta.set(`${c.arch}.rope.scaling.factor`, [F32, 4]);
    meta.set(`${c.arch}.rope.scaling.original_context_length`, [U32, 64]);
  }
  if (c.ssm) {
    const { innerDim, stateDim, nHeads, nGroups } = c.ssm;
    const keys = {
      conv_kernel: 4,
      inner_size: innerDim,
      state_size: stateDim,
      time_step_rank: nHeads,
      group_count: nGroups,
    };
    for (const [key, n] of Object.entries(keys)) meta.set(`${c.arch}.ssm.${key}`, [U32, n]);
  }
  for (const [key, value] of Object.entries({ ...expertKeys(c), ...c.keys })) meta.set(`${c.arch}.${key}`, value);
  if (c.chatTemplate !== undefined) meta.set('tokenizer.chat_template', [STRING, c.chatTemplate]);
  const nVocab = { gpt2: bpeVocab, llama: spmVocab }[c.tokenizer](meta);
  return { meta, nVocab };
}

/** The smallest GGUF v3 writer: header, metadata, tensor list, then the tensors at multiples of 32. */
class Writer {
  private readonly chunks: Uint8Array[] = [];
  size = 0;

  bytes(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
  }
  number(nBytes: number, set: (view: DataView) => void): void {
    const chunk = new Uint8Array(nBytes);
    set(new DataView(chunk.buffer));
    this.bytes(chunk);
  }
  u32 = (x: number): void => this.number(4, (v) => v.setUint32(0, x, true));
  u64 = (x: number): void => this.number(8, (v) => v.setBigUint64(0, BigInt(x), true));
  string(text: string): void {
    const utf8 = new TextEncoder().encode(text);
    this.u64(utf8.length);
    this.bytes(utf8);
  }
  value([type, x]: Value): void {
    if (type === STRING) this.string(x as string);
    else if (type === F32) this.number(4, (v) => v.setFloat32(0, x as number, true));
    else if (type === BOOL) this.number(1, (v) => v.setUint8(0, Number(x)));
    else if (type === ARRAY) {
      const [of, items] = x as [number, readonly unknown[]];
      this.u32(of);
      this.u64(items.length);
      for (const item of items) this.value([of, item]);
    } else this.u32(x as number);
  }
  align(to: number): void {
    this.bytes(new Uint8Array((to - (this.size % to)) % to));
  }
  done(): Uint8Array {
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

/** What a file has that is not as it should be. */
export interface Changes {
  readonly metadata?: Readonly<Record<string, Value>>;
  /** Tensors by name, with their `[cols, rows]`. */
  readonly added?: Readonly<Record<string, readonly number[]>>;
  readonly without?: readonly string[];
  /** Factors of f32 tensors by name. */
  readonly grown?: Readonly<Record<string, number>>;
  /** GGUF's ids of types that the header says tensors have, which they have not. */
  readonly typed?: Readonly<Record<string, number>>;
  readonly withoutKeys?: readonly string[];
}

/** GGUF's ids of value types, for `Changes`. */
export const types = { u32: U32, i32: I32, f32: F32, bool: BOOL, string: STRING, array: ARRAY } as const;

export function tinyConfig(name: string): TinyConfig {
  const configs = { ...tinyConfigs, ...familyConfigs, ...mixtureConfigs, ...windowConfigs, ...chatConfigs };
  const config = configs[name];
  if (!config) throw new RangeError(`no tiny model ${name}; there are ${Object.keys(configs).join(', ')}`);
  return config;
}

/** What its file holds. */
export function tinyParts(name: string): { readonly meta: Metadata; readonly tensors: readonly TinyTensor[] } {
  const { meta, nVocab } = tinyMetadata(name, tinyConfig(name));
  return { meta, tensors: tinyTensors(tinyConfig(name), nVocab) };
}

/** A whole GGUF file by its name in one of the tables of configs. */
export function tinyModel(name: string, changes: Changes = {}): Uint8Array<ArrayBufferLike> {
  const config = tinyConfig(name);
  const { meta, nVocab } = tinyMetadata(name, config);
  const { metadata = {}, added = {}, without = [], withoutKeys = [], grown = {}, typed = {} } = changes;
  for (const key of withoutKeys) meta.delete(key);
  for (const [key, value] of Object.entries(metadata)) meta.set(key, value);
  const tensors = tinyTensors(config, nVocab).filter((tensor) => !without.includes(tensor.name));
  for (const [tensor, dims] of Object.entries(added)) tensors.push(tinyTensor(tensor, [...dims], 'f32', 1));
  for (const { name, bytes } of tensors) {
    const numbers = new Float32Array(bytes.buffer);
    for (let i = 0; name in grown && i < numbers.length; i++) numbers[i]! *= grown[name]!;
  }
  return ggufFile(
    meta,
    tensors.map((tensor) => ({ ...tensor, ggmlType: typed[tensor.name] })),
  );
}

/** The bytes of a file with this metadata and these tensors. */
export function ggufFile(meta: Metadata, tensors: readonly TinyTensor[]): Uint8Array<ArrayBufferLike> {
  const w = new Writer();
  w.bytes(new TextEncoder().encode('GGUF'));
  w.u32(3);
  w.u64(tensors.length);
  w.u64(meta.size);
  for (const [key, value] of meta) {
    w.string(key);
    w.u32(value[0]);
    w.value(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    w.string(tensor.name);
    w.u32(tensor.dims.length);
    for (const dim of tensor.dims) w.u64(dim);
    w.u32(tensor.ggmlType ?? tensor.weights.ggmlType);
    w.u64(offset);
    offset += Math.ceil(tensor.bytes.length / 32) * 32;
  }
  for (const tensor of tensors) {
    w.align(32);
    w.bytes(tensor.bytes);
  }
  w.align(32);
  return w.done();
}
