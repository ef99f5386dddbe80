import { quantByName } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { lfm2Shape, qwen35Shape, qwen35Shape4B, qwen35Shape9B, type HybridShape } from './hybrid_shapes.ts';

/** The parts that a made-up model copies from a real one; parameter counts come out the same. */
export interface ModelShape {
  readonly architecture: 'llama' | 'qwen2' | 'lfm2' | 'qwen35';
  /** `tokenizer.ggml.pre` */
  readonly pre: string;
  readonly nLayers: number;
  readonly dim: number;
  readonly ffnDim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly nVocab: number;
  readonly nCtxTrain: number;
  readonly ropeBase: number;
  readonly normEps: number;
  /** Whether q, k and v have biases. */
  readonly biases: boolean;
  /** Layers of different kinds. */
  readonly hybrid?: HybridShape;
}

export const shapes: Readonly<Record<string, ModelShape>> = {
  'smollm2-135m': {
    ...{ architecture: 'llama', pre: 'smollm', nLayers: 30, dim: 576, ffnDim: 1536, nHeads: 9, nKvHeads: 3 },
    ...{ nVocab: 49152, nCtxTrain: 8192, ropeBase: 100_000, normEps: 1e-5, biases: false },
  },
  'qwen2.5-0.5b': {
    ...{ architecture: 'qwen2', pre: 'qwen2', nLayers: 24, dim: 896, ffnDim: 4864, nHeads: 14, nKvHeads: 2 },
    ...{ nVocab: 151_936, nCtxTrain: 32_768, ropeBase: 1_000_000, normEps: 1e-6, biases: true },
  },
  'llama-3.2-1b': {
    ...{ architecture: 'llama', pre: 'llama-bpe', nLayers: 16, dim: 2048, ffnDim: 8192, nHeads: 32, nKvHeads: 8 },
    ...{ nVocab: 128_256, nCtxTrain: 131_072, ropeBase: 500_000, normEps: 1e-5, biases: false },
  },
  'lfm2-350m': {
    ...{ architecture: 'lfm2', pre: 'lfm2', nLayers: 16, dim: 1024, ffnDim: 4608, nHeads: 16, nKvHeads: 8 },
    ...{ nVocab: 65_536, nCtxTrain: 128_000, ropeBase: 1_000_000, normEps: 1e-5, biases: false, hybrid: lfm2Shape },
  },
  'qwen3.5-0.8b': {
    ...{ architecture: 'qwen35', pre: 'qwen35', nLayers: 24, dim: 1024, ffnDim: 3584, nHeads: 8, nKvHeads: 2 },
    ...{ nVocab: 248_320, nCtxTrain: 262_144, ropeBase: 10_000_000, normEps: 1e-6, biases: false, hybrid: qwen35Shape },
  },
  // Four of 32 layers and an eighth of the vocabulary: an eighth of the weights and of the cache, so what a longer context costs is in proportion.
  'an-eighth-of-qwen3.5-4b': {
    ...{ architecture: 'qwen35', pre: 'qwen35', nLayers: 4, dim: 2560, ffnDim: 9216, nHeads: 16, nKvHeads: 4 },
    ...{ nVocab: 248_320 / 8, nCtxTrain: 262_144, ropeBase: 10_000_000, normEps: 1e-6 },
    ...{ biases: false, hybrid: qwen35Shape4B },
  },
  'an-eighth-of-qwen3.5-9b': {
    ...{ architecture: 'qwen35', pre: 'qwen35', nLayers: 4, dim: 4096, ffnDim: 12_288, nHeads: 16, nKvHeads: 4 },
    ...{ nVocab: 248_320 / 8, nCtxTrain: 262_144, ropeBase: 10_000_000, normEps: 1e-6 },
    ...{ biases: false, hybrid: qwen35Shape9B },
  },
};

export interface MatrixSpec {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly quant: QuantType;
}

/** How llama-quantize's recipes spread types over tensors. */
interface Recipe {
  /** `general.file_type` */
  readonly fileType: number;
  /** Most matrices. */
  readonly base: string;
  /** The token table, which is the output matrix, too. */
  readonly embed: string;
  /** `attn_v` and `ffn_down` of the layers that matter most. */
  readonly more: string;
}

export const recipes: Readonly<Record<string, Recipe>> = {
  F16: { fileType: 1, base: 'f16', embed: 'f16', more: 'f16' },
  Q4_0: { fileType: 2, base: 'q4_0', embed: 'q6_k', more: 'q4_0' },
  Q4_1: { fileType: 3, base: 'q4_1', embed: 'q6_k', more: 'q4_1' },
  Q8_0: { fileType: 7, base: 'q8_0', embed: 'q8_0', more: 'q8_0' },
  Q5_0: { fileType: 8, base: 'q5_0', embed: 'q6_k', more: 'q5_0' },
  Q4_K: { fileType: 15, base: 'q4_k', embed: 'q6_k', more: 'q6_k' }, // Q4_K_M
};

/** Super-blocks need rows of whole 256s; other rows get the next type with blocks of 32. */
const fallbacks: Readonly<Record<string, string>> = { q4_k: 'q5_0', q5_k: 'q5_1', q6_k: 'q8_0' };

function quantFor(name: string, cols: number): QuantType {
  const quant = quantByName.get(name)!;
  return cols % quant.blockSize === 0 ? quant : quantByName.get(fallbacks[name]!)!;
}

/** The first and the last eighth of the layers, and every third between. */
function getsMore(l: number, nLayers: number): boolean {
  const eighth = nLayers >> 3;
  return l < eighth || l >= (7 * nLayers) >> 3 || (l - eighth) % 3 === 2;
}

/** Every matrix of the model, in file order. */
export function matrices(shape: ModelShape, recipe: Recipe): MatrixSpec[] {
  const { nLayers, dim, ffnDim, nHeads, nKvHeads, nVocab, hybrid } = shape;
  const kvDim = (dim / nHeads) * nKvHeads;
  const matrix = (name: string, rows: number, cols: number, quant: string): MatrixSpec => {
    return { name: `${name}.weight`, rows, cols, quant: quantFor(quant, cols) };
  };
  const layers = Array.from({ length: nLayers }, (_, l) => {
    const more = getsMore(l, nLayers) ? recipe.more : recipe.base;
    const attention = [
      matrix(`blk.${l}.attn_q`, dim, dim, recipe.base),
      matrix(`blk.${l}.attn_k`, kvDim, dim, recipe.base),
      matrix(`blk.${l}.attn_v`, kvDim, dim, more),
      matrix(`blk.${l}.attn_output`, dim, dim, recipe.base),
    ];
    const mixing = hybrid?.matrices(l).map(([name, rows, cols]) => matrix(`blk.${l}.${name}`, rows, cols, recipe.base));
    return [
      ...(mixing ?? attention),
      matrix(`blk.${l}.ffn_gate`, ffnDim, dim, recipe.base),
      matrix(`blk.${l}.ffn_up`, ffnDim, dim, recipe.base),
      matrix(`blk.${l}.ffn_down`, dim, ffnDim, more),
    ];
  });
  return [matrix('token_embd', nVocab, dim, recipe.embed), ...layers.flat()];
}
