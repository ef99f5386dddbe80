import type { MetadataValue } from '../../src/gguf/value_types.ts';

/** The parts of made-up models whose layers are of different kinds. Sizes are those of the real ones. */

export interface HybridShape {
  readonly lastNorm: string;
  readonly ffnNorm: string;
  /** Behind the family's name. */
  readonly keys: Readonly<Record<string, MetadataValue>>;
  /** Matrices of layer l, feed-forward block aside: name, rows, columns. */
  readonly matrices: (l: number) => readonly (readonly [name: string, rows: number, cols: number])[];
  /** Small tensors of layer l, norms of the residual aside. */
  readonly vectors: (l: number) => readonly SmallTensor[];
}

export interface SmallTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
}

const u32 = (value: number): MetadataValue => ({ type: 'u32', value });
const i32s = (...value: number[]): MetadataValue => ({ type: 'array', of: 'i32', value: Int32Array.from(value) });

const headNorms = (headDim: number): SmallTensor[] =>
  ['attn_q_norm.weight', 'attn_k_norm.weight'].map((name) => ({ name, shape: [headDim], mean: 1, std: 0.05 }));

/** LFM2-350M: six layers of sixteen attend. */
const lfmAttends = new Set([2, 5, 8, 10, 12, 14]);

export const lfm2Shape: HybridShape = {
  lastNorm: 'token_embd_norm.weight',
  ffnNorm: 'ffn_norm.weight',
  keys: {
    'attention.head_count_kv': i32s(...Array.from({ length: 16 }, (_, l) => (lfmAttends.has(l) ? 8 : 0))),
    'shortconv.l_cache': u32(3),
  },
  matrices: (l) =>
    lfmAttends.has(l)
      ? [
          ['attn_q', 1024, 1024],
          ['attn_k', 512, 1024],
          ['attn_v', 512, 1024],
          ['attn_output', 1024, 1024],
        ]
      : [
          ['shortconv.in_proj', 3072, 1024],
          ['shortconv.out_proj', 1024, 1024],
        ],
  vectors: (l) =>
    lfmAttends.has(l) ? headNorms(64) : [{ name: 'shortconv.conv.weight', shape: [1024, 3], mean: 0, std: 0.6 }],
};

/** Qwen 3.5: the fourth of each four layers attends, with heads of 256; heads of the others keep a matrix of 128 × 128 each. */
interface QwenSizes {
  readonly dim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  /** Heads of values in the other layers; of keys there are sixteen. */
  readonly nStates: number;
}

const qwenAttends = (l: number): boolean => l % 4 === 3;

function qwen35({ dim, nHeads, nKvHeads, nStates }: QwenSizes): HybridShape {
  const [attention, values, mixed] = [256 * nHeads, 128 * nStates, 128 * (16 + 16 + nStates)];
  return {
    lastNorm: 'output_norm.weight',
    ffnNorm: 'post_attention_norm.weight',
    keys: {
      'attention.key_length': u32(256),
      'attention.value_length': u32(256),
      'rope.dimension_count': u32(64),
      'rope.dimension_sections': i32s(11, 11, 10, 0),
      'ssm.conv_kernel': u32(4),
      'ssm.state_size': u32(128),
      'ssm.group_count': u32(16),
      'ssm.time_step_rank': u32(nStates),
      'ssm.inner_size': u32(values),
    },
    matrices: (l) =>
      qwenAttends(l)
        ? [
            ['attn_q', 2 * attention, dim],
            ['attn_k', 256 * nKvHeads, dim],
            ['attn_v', 256 * nKvHeads, dim],
            ['attn_output', dim, attention],
          ]
        : [
            ['attn_qkv', mixed, dim],
            ['attn_gate', values, dim],
            ['ssm_alpha', nStates, dim],
            ['ssm_beta', nStates, dim],
            ['ssm_out', dim, values],
          ],
    vectors: (l) =>
      qwenAttends(l)
        ? headNorms(256)
        : [
            { name: 'ssm_conv1d.weight', shape: [mixed, 4], mean: 0, std: 0.5 },
            { name: 'ssm_a', shape: [nStates], mean: -2, std: 0.2 },
            { name: 'ssm_dt.bias', shape: [nStates], mean: -1, std: 0.5 },
            { name: 'ssm_norm.weight', shape: [128], mean: 1, std: 0.05 },
          ],
  };
}

export const qwen35Shape = qwen35({ dim: 1024, nHeads: 8, nKvHeads: 2, nStates: 16 });

/** Of the 4B model; sixteen heads of keys and thirty-two of values are what transformers takes where a file says nothing. */
export const qwen35Shape4B = qwen35({ dim: 2560, nHeads: 16, nKvHeads: 4, nStates: 32 });

/** Of the 9B model. */
export const qwen35Shape9B = qwen35({ dim: 4096, nHeads: 16, nKvHeads: 4, nStates: 32 });
