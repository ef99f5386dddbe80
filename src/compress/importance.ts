/**
 * Importance matrices as llama.cpp keeps them: for each matrix `NAME` of a model, `NAME.in_sum2` has the sums of the squares of what its
 * columns were multiplied with, and `NAME.counts` how many rows were added up. A matrix of experts has a row of sums for each.
 */
import type { ColumnSums } from '../base/column_sums.ts';
import { FormatError } from '../base/errors.ts';
import { readGguf, type GgufFile, type GgufTensor } from '../gguf/read.ts';
import { writeGguf, type TensorToWrite, type WriteOptions } from '../gguf/write.ts';
import type { MetadataValue } from '../gguf/value_types.ts';
import { elementsOf, type Tensor } from '../graph/tensor.ts';
import { quantByName } from '../quants/index.ts';
import type { ByteSink, ByteSource } from '../bytes/source.ts';
import { isOfTokens } from './choose.ts';

/** How much the columns of a model's matrices matter. */
export interface Importance {
  /** The file it came from. */
  readonly name: string;
  /** The texts that the model read. */
  readonly datasets: readonly string[];
  readonly nChunks: number;
  /** The mean square of what each column is multiplied with, `[nMatrices * nCols]`, by the tensor's name. */
  readonly columns: ReadonlyMap<string, Float32Array>;
}

const sumsEnd = '.in_sum2';
const countsEnd = '.counts';

/** @throws FormatError where a file is no importance matrix, or has numbers that are none of sums of squares. */
export async function readImportance(
  source: ByteSource,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Importance> {
  await checkForm(source, signal);
  const file = await readGguf(source, { signal });
  const kind = file.metadata.string('general.type', 'model');
  const names = [...file.tensors.keys()]
    .filter((name) => name.endsWith(sumsEnd))
    .map((name) => name.slice(0, -sumsEnd.length));
  if (kind !== 'imatrix' || names.length === 0) {
    throw new FormatError(
      `${source.name} is a GGUF file of type ${JSON.stringify(kind)}, expected an importance matrix; thimble imatrix makes one`,
    );
  }
  const columns = new Map<string, Float32Array>();
  for (const name of names) columns.set(name, await readMeans(file, name, signal));
  const datasets = file.metadata.strings('imatrix.datasets', []);
  return { name: source.name, datasets, nChunks: file.metadata.u32('imatrix.chunk_count', 0), columns };
}

/** @throws FormatError for the form that llama.cpp wrote until 2025, among others. */
async function checkForm(source: ByteSource, signal?: AbortSignal): Promise<void> {
  const magic = new Uint8Array(Math.min(4, source.size));
  await source.read(0, magic, signal);
  if (new TextDecoder().decode(magic) === 'GGUF') return;
  const how = 'llama-imatrix --in-file OLD.dat --output-format gguf -o NEW.gguf';
  throw new FormatError(
    `${source.name} is no GGUF file, expected an importance matrix; one of the older form (.dat) becomes one by ${how}; thimble imatrix makes a new one`,
  );
}

/** Sums divided by counts. A matrix that nothing came to is as important in all columns. */
async function readMeans(file: GgufFile, name: string, signal?: AbortSignal): Promise<Float32Array> {
  const where = `${file.sources[0]!.name}: ${name}`;
  const sums = await readFloats(file, file.tensors.get(name + sumsEnd)!, signal);
  const counted = file.tensors.get(name + countsEnd);
  if (!counted) throw new FormatError(`${where}${countsEnd} is missing; damaged file?`);
  const counts = await readFloats(file, counted, signal);
  const nCols = sums.length / counts.length;
  if (!Number.isInteger(nCols))
    throw new FormatError(`${where}: ${sums.length} sums, ${counts.length} counts; damaged file?`);
  const means = sums.map((total, i) => {
    const count = Math.round(counts[Math.floor(i / nCols)]!);
    return count > 0 ? total / count : 1;
  });
  for (let at = 0; at < means.length; at += nCols) makeUsable(means.subarray(at, at + nCols));
  return means;
}

/** How far the importance of columns may be apart, and how far from 1. */
const furthest = 2 ** 40;

/**
 * Encoders multiply importances in f32, and make nothing of a block whose columns all have none: columns that the texts never used (behind a
 * ReLU, or of a sparse layer) keep a little, and very small or large importances are moved, by a power of two, to where products are exact.
 */
function makeUsable(means: Float32Array): void {
  const most = means.reduce((most, x) => Math.max(most, x), 0);
  if (most === 0) return void means.fill(1);
  const factor = most < furthest && most > 1 / furthest ? 1 : 2 ** -Math.floor(Math.log2(most));
  means.forEach((x, i) => (means[i] = Math.max(x, most / furthest) * factor));
}

async function readFloats(file: GgufFile, tensor: GgufTensor, signal?: AbortSignal): Promise<Float32Array> {
  const where = `${file.sources[0]!.name}: ${tensor.name}`;
  if (tensor.quant.name !== 'f32') throw new FormatError(`${where} is ${tensor.quant.name}, expected f32`);
  const bytes = new Uint8Array(tensor.sizeBytes);
  await file.sources[0]!.read(tensor.offsetBytes, bytes, signal);
  const floats = new Float32Array(bytes.buffer);
  const bad = floats.findIndex((x) => !(x >= 0 && x < Infinity));
  if (bad < 0) return floats;
  throw new FormatError(`${where}: number ${bad} is ${floats[bad]}, expected a sum of squares; make it again`);
}

/** The importance of a tensor's columns. Tables are looked up, not multiplied with: theirs may be of another size. */
export function columnsFor(tensor: Tensor, importance: Importance | undefined): Float32Array | undefined {
  const columns = importance?.columns.get(tensor.name);
  if (!columns) return undefined;
  const expected = elementsOf(tensor) / tensor.shape.at(-2)!;
  if (columns.length === expected) return columns;
  if (isOfTokens(tensor)) return undefined;
  const came = `${importance!.name} has the importance of ${columns.length} columns of ${tensor.name}`;
  throw new FormatError(`${came}, the model ${expected}; take one that was made with this model`);
}

export interface ImportanceToWrite {
  readonly matrices: readonly ColumnSums[];
  readonly datasets: readonly string[];
  readonly nChunks: number;
  /** Tokens of a chunk. */
  readonly chunkSize: number;
}

/** Writes an importance matrix that llama.cpp reads, too; the file appears when it is whole. */
export async function writeImportance(
  sink: ByteSink,
  content: ImportanceToWrite,
  options: WriteOptions = {},
): Promise<void> {
  const { datasets, nChunks, chunkSize } = content;
  const metadata = new Map<string, MetadataValue>([
    ['general.type', { type: 'string', value: 'imatrix' }],
    ['imatrix.datasets', { type: 'array', of: 'string', value: [...datasets] }],
    ['imatrix.chunk_count', { type: 'u32', value: nChunks }],
    ['imatrix.chunk_size', { type: 'u32', value: chunkSize }],
  ]);
  const byName = [...content.matrices].sort((a, b) => (a.name < b.name ? -1 : 1));
  const tensors = byName.flatMap(({ name, sums, counts }) => [
    floatTensor(name + sumsEnd, [counts.length, sums.length / counts.length], sums),
    floatTensor(name + countsEnd, [counts.length, 1], counts),
  ]);
  await writeGguf(sink, { metadata, tensors }, options);
}

const floatTensor = (name: string, shape: readonly number[], floats: Float32Array): TensorToWrite => ({
  ...{ name, quant: quantByName.get('f32')!, shape },
  pieces: () => [new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)],
});
