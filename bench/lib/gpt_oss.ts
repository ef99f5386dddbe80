import { openNodeSink } from '../../src/bytes/node_file.ts';
import type { MetadataValue } from '../../src/gguf/value_types.ts';
import { writeGguf, type TensorToWrite } from '../../src/gguf/write.ts';
import { quantByName } from '../../src/quants/index.ts';
import { blockPool, normal, random } from '../measure/random_blocks.ts';
import { repeat } from '../peers/gguf.ts';
import { N_BYTES, N_SPECIAL, vocabMetadata } from '../peers/vocab.ts';

/** gpt-oss-20b (arXiv:2508.10925) with random weights: experts in MXFP4, other matrices in Q8_0, and as many layers as one likes. */
export interface GptOss {
  readonly nLayers: number;
  readonly nVocab: number;
  /**
   * How uneven routers choose: the r-th favourite of a layer's experts gets `-skew * ln r` on top of its score, so that what a softmax would
   * give it falls by Zipf's law with this exponent; 0: all alike.
   */
  readonly skew: number;
}

export const sizes = {
  ...{ dim: 2880, expertDim: 2880, nExperts: 32, nUsed: 4, nHeads: 64, nKvHeads: 8, headDim: 64 },
  ...{ window: 128, nCtxTrain: 131072, ropeBase: 150_000, normEps: 1e-5 },
} as const;

const { dim, expertDim, nExperts, nHeads, nKvHeads, headDim } = sizes;

/** Bytes of a layer's matrices that one token touches, as the file holds them. */
export const touchedBytes = {
  experts: (sizes.nUsed * 3 * dim * expertDim * 17) / 32,
  attention: (2 * dim * (nHeads + nKvHeads) * headDim * 34) / 32,
  output: (nVocab: number) => (nVocab * dim * 34) / 32,
};

export const fileName = ({ nLayers, nVocab, skew }: GptOss): string =>
  `gpt-oss-20b-${nLayers}-layers-${nVocab}-tokens-skew-${skew}.gguf`;

/** Writes one, a piece at a time. */
export async function writeGptOss(model: GptOss, path: string): Promise<void> {
  const metadata = new Map([...modelMetadata(model), ...vocabMetadata(model.nVocab, 'gpt-4o')]);
  await writeGguf(await openNodeSink(path), { metadata, tensors: tensorsOf(model) });
}

function modelMetadata({ nLayers, nVocab }: GptOss): Map<string, MetadataValue> {
  const u32 = (key: string, value: number) => [`gpt-oss.${key}`, { type: 'u32', value }] as const;
  const f32 = (key: string, value: number) => [`gpt-oss.${key}`, { type: 'f32', value }] as const;
  return new Map<string, MetadataValue>([
    ['general.architecture', { type: 'string', value: 'gpt-oss' }],
    ['general.name', { type: 'string', value: `gpt-oss-20b, ${nLayers} layers (random weights)` }],
    ['general.file_type', { type: 'u32', value: 38 }], // MXFP4 experts
    ['general.quantization_version', { type: 'u32', value: 2 }],
    u32('block_count', nLayers),
    u32('context_length', sizes.nCtxTrain),
    u32('embedding_length', dim),
    u32('feed_forward_length', expertDim),
    u32('expert_feed_forward_length', expertDim),
    u32('expert_count', nExperts),
    u32('expert_used_count', sizes.nUsed),
    u32('attention.head_count', nHeads),
    u32('attention.head_count_kv', nKvHeads),
    u32('attention.key_length', headDim),
    u32('attention.value_length', headDim),
    u32('attention.sliding_window', sizes.window),
    f32('attention.layer_norm_rms_epsilon', sizes.normEps),
    f32('rope.freq_base', sizes.ropeBase),
    ['gpt-oss.rope.scaling.type', { type: 'string', value: 'yarn' }],
    f32('rope.scaling.factor', 32),
    u32('rope.scaling.original_context_length', 4096),
    u32('vocab_size', nVocab),
  ]);
}

function tensorsOf({ nLayers, nVocab, skew }: GptOss): TensorToWrite[] {
  const next = random(20);
  const pools = { q8_0: poolOf('q8_0'), mxfp4: poolOf('mxfp4') };
  const matrix = (name: string, quant: keyof typeof pools, shape: readonly number[], nZeros = 0): TensorToWrite => {
    const { type, pool } = pools[quant];
    const nBlocks = shape.reduce((product, n) => product * n, 1) / type.blockSize;
    const from = Math.floor((next() * pool.length) / type.blockBytes) * type.blockBytes;
    return {
      ...{ name: `${name}.weight`, quant: type, shape },
      *pieces() {
        const zeroBytes = nZeros * (dim / type.blockSize) * type.blockBytes; // tokens that are no text are never chosen
        yield new Uint8Array((zeroBytes * N_BYTES) / (N_BYTES + N_SPECIAL));
        yield* repeat(pool, from, nBlocks * type.blockBytes - zeroBytes);
        yield new Uint8Array((zeroBytes * N_SPECIAL) / (N_BYTES + N_SPECIAL));
      },
    };
  };
  const floats = (name: string, shape: readonly number[], of: (i: number) => number): TensorToWrite => {
    const numbers = Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => of(i));
    return { name, quant: quantByName.get('f32')!, shape, pieces: () => [new Uint8Array(numbers.buffer)] };
  };
  const norm = (name: string) => floats(`${name}.weight`, [dim], () => 1 + 0.05 * normal(next));
  const bias = (name: string, ...shape: number[]) => floats(`${name}.bias`, shape, () => 0.02 * normal(next));
  const linear = (name: string, rows: number, cols: number) => [matrix(name, 'q8_0', [rows, cols]), bias(name, rows)];
  const experts = (name: string, rows: number, cols: number) => [
    matrix(name, 'mxfp4', [nExperts, rows, cols]),
    bias(name, nExperts, rows),
  ];
  const router = (at: string): TensorToWrite[] => {
    const ranks = Array.from({ length: nExperts }, next);
    const rankOf = (e: number): number => 1 + ranks.filter((rank) => rank < ranks[e]!).length;
    return [
      floats(`${at}.weight`, [nExperts, dim], () => normal(next) * dim ** -0.5),
      floats(`${at}.bias`, [nExperts], (e) => -skew * Math.log(rankOf(e))),
    ];
  };
  const layers = Array.from({ length: nLayers }, (_, l) => [
    norm(`blk.${l}.attn_norm`),
    ...linear(`blk.${l}.attn_q`, nHeads * headDim, dim),
    ...linear(`blk.${l}.attn_k`, nKvHeads * headDim, dim),
    ...linear(`blk.${l}.attn_v`, nKvHeads * headDim, dim),
    ...linear(`blk.${l}.attn_output`, dim, nHeads * headDim),
    floats(`blk.${l}.attn_sinks.weight`, [nHeads], () => normal(next)),
    norm(`blk.${l}.post_attention_norm`),
    ...router(`blk.${l}.ffn_gate_inp`),
    ...experts(`blk.${l}.ffn_gate_exps`, expertDim, dim),
    ...experts(`blk.${l}.ffn_up_exps`, expertDim, dim),
    ...experts(`blk.${l}.ffn_down_exps`, dim, expertDim),
  ]);
  const output = matrix('output', 'q8_0', [nVocab, dim], N_BYTES + N_SPECIAL);
  return [matrix('token_embd', 'q8_0', [nVocab, dim]), ...layers.flat(), norm('output_norm'), output];
}

/** Blocks of weights that keep activations in range. */
function poolOf(name: string) {
  const type = quantByName.get(name)!;
  return { type, pool: blockPool(type, dim ** -0.5) };
}
