/**
 * llama2.c's own format to GGUF. Source: https://github.com/karpathy/llama2.c, `export.py` (version 0) and `run.c`.
 */
import { FormatError } from '../../src/base/errors.ts';
import type { MetadataValue } from '../../src/gguf/value_types.ts';
import type { GgufToWrite, TensorToWrite } from '../../src/gguf/write.ts';
import { quantByName } from '../../src/quants/index.ts';

/** The seven i32 that a version 0 checkpoint starts with. */
interface Llama2cConfig {
  readonly dim: number;
  readonly ffnDim: number;
  readonly nLayers: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly nVocab: number;
  readonly nCtxTrain: number;
  /** The file says so with a positive vocabulary size: `output` is the token table. */
  readonly tied: boolean;
}

function readConfig(view: DataView): Llama2cConfig {
  const int = (i: number): number => view.getInt32(4 * i, true);
  const [dim, ffnDim, nLayers, nHeads, nKvHeads] = [int(0), int(1), int(2), int(3), int(4)];
  return { dim, ffnDim, nLayers, nHeads, nKvHeads, nVocab: Math.abs(int(5)), nCtxTrain: int(6), tied: int(5) > 0 };
}

/** Any llama2.c checkpoint of version 0, f32, with its `tokenizer.bin`. */
export function llama2cToGguf(checkpoint: Uint8Array, tokenizer: Uint8Array, name: string): GgufToWrite {
  const view = new DataView(checkpoint.buffer, checkpoint.byteOffset, checkpoint.byteLength);
  const config = readConfig(view);
  const metadata = new Map([...modelMetadata(config, name), ...vocabMetadata(tokenizer, config.nVocab)]);
  return { metadata, tensors: readTensors(checkpoint, config) };
}

/** Weights in file order; each kind holds all layers, one after the other. RoPE turns neighbouring pairs, as GGUF's `llama` does. */
function readTensors(checkpoint: Uint8Array, config: Llama2cConfig): TensorToWrite[] {
  const { dim, ffnDim, nLayers, nVocab, nCtxTrain, tied } = config;
  const headDim = dim / config.nHeads;
  const kvDim = headDim * config.nKvHeads;
  const f32 = quantByName.get('f32')!;
  const tensors: TensorToWrite[] = [];
  let at = 28;
  const take = (name: string, shape: number[]): void => {
    const bytes = checkpoint.subarray(at, (at += 4 * shape.reduce((product, n) => product * n)));
    tensors.push({ name, quant: f32, shape, pieces: () => [bytes] });
  };
  const takeLayers = (stem: string, shape: number[]): void => {
    for (let l = 0; l < nLayers; l++) take(`blk.${l}.${stem}.weight`, shape);
  };
  take('token_embd.weight', [nVocab, dim]);
  takeLayers('attn_norm', [dim]);
  takeLayers('attn_q', [dim, dim]);
  takeLayers('attn_k', [kvDim, dim]);
  takeLayers('attn_v', [kvDim, dim]);
  takeLayers('attn_output', [dim, dim]);
  takeLayers('ffn_norm', [dim]);
  takeLayers('ffn_gate', [ffnDim, dim]);
  takeLayers('ffn_down', [dim, ffnDim]);
  takeLayers('ffn_up', [ffnDim, dim]);
  take('output_norm.weight', [dim]);
  at += 4 * nCtxTrain * headDim; // tables of cosines and sines
  if (!tied) take('output.weight', [nVocab, dim]);
  if (at !== checkpoint.length) throw new FormatError(`the checkpoint has ${checkpoint.length} bytes, expected ${at}`);
  return tensors;
}

function modelMetadata(config: Llama2cConfig, name: string): [string, MetadataValue][] {
  const u32 = (key: string, value: number): [string, MetadataValue] => [key, { type: 'u32', value }];
  return [
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['general.name', { type: 'string', value: name }],
    u32('general.file_type', 0),
    u32('llama.context_length', config.nCtxTrain),
    u32('llama.embedding_length', config.dim),
    u32('llama.block_count', config.nLayers),
    u32('llama.feed_forward_length', config.ffnDim),
    u32('llama.attention.head_count', config.nHeads),
    u32('llama.attention.head_count_kv', config.nKvHeads),
    u32('llama.rope.dimension_count', config.dim / config.nHeads),
    u32('llama.vocab_size', config.nVocab),
    ['llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1e-5 }],
    ['llama.rope.freq_base', { type: 'f32', value: 10_000 }],
  ];
}

/** 0 `<unk>`, 1 `<s>`, 2 `</s>`, then 256 bytes, then pieces: SentencePiece's layout, which llama2.c keeps. */
const specialPieces = ['<unk>', '<s>', '</s>'];
const firstPiece = 3 + 256;

/** `tokenizer.bin`: an i32, then for each token an f32 score, an i32 length, and the piece with plain spaces. */
function vocabMetadata(tokenizer: Uint8Array, nVocab: number): [string, MetadataValue][] {
  const view = new DataView(tokenizer.buffer, tokenizer.byteOffset, tokenizer.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const tokens: string[] = [];
  const scores = new Float32Array(nVocab);
  const types = new Int32Array(nVocab); // 1 normal, 2 unknown, 3 control, 6 byte
  let at = 4;
  for (let token = 0; token < nVocab; token++) {
    const pieceBytes = view.getInt32(at + 4, true);
    const piece = text.decode(tokenizer.subarray(at + 8, at + 8 + pieceBytes));
    tokens.push(specialPieces[token] ?? piece.replaceAll(' ', '\u2581'));
    scores[token] = view.getFloat32(at, true);
    types[token] = token === 0 ? 2 : token < 3 ? 3 : token < firstPiece ? 6 : 1;
    at += 8 + pieceBytes;
  }
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: tokens }],
    ['tokenizer.ggml.scores', { type: 'array', of: 'f32', value: scores }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', value: types }],
    ['tokenizer.ggml.unknown_token_id', { type: 'u32', value: 0 }],
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 1 }],
    ['tokenizer.ggml.eos_token_id', { type: 'u32', value: 2 }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: true }],
    ['tokenizer.ggml.add_eos_token', { type: 'bool', value: false }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: true }],
  ];
}
