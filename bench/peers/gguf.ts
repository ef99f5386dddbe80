import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MetadataValue } from '../../src/gguf/value_types.ts';
import { writeGguf, type TensorToWrite } from '../../src/gguf/write.ts';
import { elementsOf } from '../../src/graph/tensor.ts';
import { quantByName } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { openNodeSink } from '../../src/bytes/node_file.ts';
import { blockPool, fillFrom, normal, random } from '../measure/random_blocks.ts';
import type { SmallTensor } from './hybrid_shapes.ts';
import { matrices, recipes, shapes, type MatrixSpec, type ModelShape } from './shapes.ts';
import { N_BYTES, N_SPECIAL, vocabMetadata } from './vocab.ts';

/**
 * Models made up for measuring speed: shapes, names and metadata of real ones around random weights.
 * @param name such as `smollm2-135m-Q4_K`: a shape and a recipe.
 */
export async function writeModel(name: string, path: string): Promise<void> {
  const { shape, recipe } = parseName(name);
  const metadata = new Map([...modelMetadata(name, shape, recipe.fileType), ...vocabMetadata(shape.nVocab, shape.pre)]);
  const pools = new Map<string, Uint8Array>();
  const next = random(name.length);
  const tensors = [
    ...matrices(shape, recipe).map((matrix) => matrixTensor(matrix, pools, next)),
    ...vectors(shape, next),
  ];
  await writeGguf(await openNodeSink(path), { metadata, tensors });
}

export const isSynthetic = (name: string): boolean =>
  Object.keys(shapes).some((shape) => name.startsWith(`${shape}-`) && name.slice(shape.length + 1) in recipes);

/** A model's file; synthetic ones are written into the folder when they are needed first. */
export async function modelFile(model: string, folder: string): Promise<string> {
  if (!isSynthetic(model)) {
    if (existsSync(model)) return model;
    throw new Error(`${model} is neither a file nor the name of a synthetic model`);
  }
  const path = join(folder, `${model}.gguf`);
  if (existsSync(path)) return path;
  process.stderr.write(`writing ${path} …\n`);
  mkdirSync(folder, { recursive: true });
  await writeModel(model, path);
  return path;
}

function parseName(name: string) {
  const at = name.lastIndexOf('-');
  const shape = shapes[name.slice(0, at)];
  const recipe = recipes[name.slice(at + 1)];
  if (shape && recipe) return { shape, recipe };
  const known = `${Object.keys(shapes).join(', ')} with -${Object.keys(recipes).join(', -')}`;
  throw new RangeError(`there is no synthetic model ${name}; known are ${known}`);
}

function modelMetadata(name: string, shape: ModelShape, fileType: number): Map<string, MetadataValue> {
  const { architecture } = shape;
  const u32 = (value: number) => ({ type: 'u32', value }) as const;
  const f32 = (value: number) => ({ type: 'f32', value }) as const;
  return new Map<string, MetadataValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.name', { type: 'string', value: `${name} (random weights)` }],
    ['general.file_type', u32(fileType)],
    ['general.quantization_version', u32(2)],
    [`${architecture}.block_count`, u32(shape.nLayers)],
    [`${architecture}.context_length`, u32(shape.nCtxTrain)],
    [`${architecture}.embedding_length`, u32(shape.dim)],
    [`${architecture}.feed_forward_length`, u32(shape.ffnDim)],
    [`${architecture}.attention.head_count`, u32(shape.nHeads)],
    [`${architecture}.attention.head_count_kv`, u32(shape.nKvHeads)],
    [`${architecture}.attention.layer_norm_rms_epsilon`, f32(shape.normEps)],
    [`${architecture}.rope.freq_base`, f32(shape.ropeBase)],
    [`${architecture}.rope.dimension_count`, u32(shape.dim / shape.nHeads)],
    [`${architecture}.vocab_size`, u32(shape.nVocab)],
    ...Object.entries(shape.hybrid?.keys ?? {}).map(([key, value]) => [`${architecture}.${key}`, value] as const),
  ]);
}

/** Random blocks of a size that keeps activations in range; pools of them are made once per type and size. */
function matrixTensor(
  { name, rows, cols, quant }: MatrixSpec,
  pools: Map<string, Uint8Array>,
  next: () => number,
): TensorToWrite {
  const key = `${quant.name} ${cols}`;
  const pool = pools.get(key) ?? blockPool(quant, cols ** -0.5);
  pools.set(key, pool);
  const rowBytes = (cols / quant.blockSize) * quant.blockBytes;
  const offset = Math.floor((next() * pool.length) / quant.blockBytes) * quant.blockBytes;
  const isTable = name === 'token_embd.weight';
  return {
    name,
    quant,
    shape: [rows, cols],
    *pieces() {
      if (!isTable) return yield* repeat(pool, offset, rows * rowBytes);
      // Rows of zeros keep greedy decoding from tokens that are no text, and from the end of the answer.
      yield new Uint8Array(N_BYTES * rowBytes);
      yield* repeat(pool, offset, (rows - N_BYTES - N_SPECIAL) * rowBytes);
      yield new Uint8Array(N_SPECIAL * rowBytes);
    },
  };
}

export function* repeat(pool: Uint8Array, offset: number, nBytes: number): Generator<Uint8Array> {
  const piece = new Uint8Array(Math.min(nBytes, PIECE_BYTES));
  for (let at = 0; at < nBytes; at += piece.length) {
    const into = piece.subarray(0, nBytes - at);
    fillFrom(pool, offset + at, into);
    yield into;
  }
}

const PIECE_BYTES = 1 << 20;

/** Norms near one, biases near zero where the family has them, and what else of its layers is no matrix. */
function vectors(shape: ModelShape, next: () => number): TensorToWrite[] {
  const { nLayers, dim, nHeads, nKvHeads, biases, hybrid } = shape;
  const f32 = quantByName.get('f32') as QuantType;
  const tensor = ({ name, shape, mean, std }: SmallTensor): TensorToWrite => {
    const floats = Float32Array.from({ length: elementsOf({ shape }) }, () => mean + std * normal(next));
    return { name, quant: f32, shape, pieces: () => [new Uint8Array(floats.buffer)] };
  };
  const norm = (name: string) => tensor({ name, shape: [dim], mean: 1, std: 0.05 });
  const kvDim = (dim / nHeads) * nKvHeads;
  const biasDims = biases ? { q: dim, k: kvDim, v: kvDim } : {};
  const layers = Array.from({ length: nLayers }, (_, l) => [
    norm(`blk.${l}.attn_norm.weight`),
    norm(`blk.${l}.${hybrid?.ffnNorm ?? 'ffn_norm.weight'}`),
    ...Object.entries(biasDims).map(([which, n]) =>
      tensor({ name: `blk.${l}.attn_${which}.bias`, shape: [n], mean: 0, std: 0.02 }),
    ),
    ...(hybrid?.vectors(l) ?? []).map((small) => tensor({ ...small, name: `blk.${l}.${small.name}` })),
  ]);
  return [...layers.flat(), norm(hybrid?.lastNorm ?? 'output_norm.weight')];
}
