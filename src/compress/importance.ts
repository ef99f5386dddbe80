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
import type { ByteSink, ByteSource } from '../store/source.ts';
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
  await refuseOldForm(source, signal);
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

/** What llama-imatrix wrote before it wrote GGUF begins with a number of matrices. */
async function refuseOldForm(source: ByteSource, signal?: AbortSignal): Promise<void> {
  const start = new Uint8Array(Math.min(4, source.size));
  await source.read(0, start, signal);
  if (String.fromCharCode(...start) === 'GGUF') return;
  throw new FormatError(
    `${source.name} is no GGUF file, expected an importance matrix; "llama-imatrix --in-file OLD.dat -o NEW.gguf" makes one of the old form, thimble imatrix a new one`,
  );
}

/** Sums divided by counts. An expert that nothing came to is as important in all columns. */
async function readMeans(file: GgufFile, name: string, signal?: AbortSignal): Promise<Float32Array> {
  const where = `${file.sources[0]!.name}: ${name}`;
  const sums = await readFloats(file, file.tensors.get(name + sumsEnd)!, signal);
  const counted = file.tensors.get(name + countsEnd);
  if (!counted) throw new FormatError(`${where}${countsEnd} is missing; damaged file?`);
  const counts = await readFloats(file, counted, signal);
  const nCols = sums.length / counts.length;
  if (!Number.isInteger(nCols))
    throw new FormatError(`${where}: ${sums.length} sums, ${counts.length} counts; damaged file?`);
  return sums.map((total, i) => {
    const count = Math.round(counts[Math.floor(i / nCols)]!);
    return count > 0 ? total / count : 1;
  });
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
