/**
 * Turns a model file into a smaller one. It decodes matrices and encodes them again, some rows at a time, and copies
 * everything else.
 */
import { checkNames, checkWhole } from '../base/checks.ts';
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import { copyMetadata } from '../gguf/split.ts';
import { writeGguf, type MetadataToWrite, type WriteOptions } from '../gguf/write.ts';
import { quantByName } from '../quants/index.ts';
import { bytesFor, type QuantType } from '../quants/quant_type.ts';
import type { ByteSink } from '../bytes/source.ts';
import { elementsOf } from '../graph/tensor.ts';
import { chooseTypes, isOfTokens } from './choose.ts';
import { encoderOf } from './encode/index.ts';
import { columnsFor, type Importance } from './importance.ts';
import { mixes, mixNamed } from './mixes.ts';
import type { Encoded, Rows } from './rows.ts';
import { inOrder, startTeam, type Team } from './team.ts';

/** `GGML_QNT_VERSION`: the block layouts have not changed since. */
const quantizationVersion = 2;

/** The mixes that `planQuantization` takes, by llama.cpp's names. */
export const mixNames: readonly string[] = Object.keys(mixes);

/** A tensor and the type it will have. */
export interface PlannedTensor {
  readonly from: GgufTensor;
  readonly quant: QuantType;
  readonly sizeBytes: number;
  /** How much each column matters, `[nMatrices * nCols]`, where that is known and the tensor is encoded anew. */
  readonly importance: Float32Array | undefined;
}

export interface QuantizationPlan {
  /** The mix that was asked for. */
  readonly mix: string;
  readonly tensors: readonly PlannedTensor[];
  readonly importance: Importance | undefined;
}

export interface PlanOptions {
  /** All matrices get the mix's main type, the output matrix, too. */
  readonly pure?: boolean;
  /** What `readImportance` gives: errors count by how much the columns are used. */
  readonly importance?: Importance;
  /** Types of the matrices whose names match; the first that does counts. */
  readonly tensorTypes?: readonly (readonly [pattern: RegExp, type: string])[];
}

/**
 * Which tensor becomes what. Reads no weights.
 * @param name `'Q4_K_M'`, in capitals or not.
 * @throws UnsupportedError for a mix or a type that cannot be written, or a matrix that cannot be read; FormatError for importance of
 *   another model.
 */
export function planQuantization(file: GgufFile, name: string, options: PlanOptions = {}): QuantizationPlan {
  checkNames('option of planQuantization', options, ['pure', 'importance', 'tensorTypes']);
  const { pure = false, importance, tensorTypes = [] } = options;
  const mix = mixNamed(name);
  if (!mix) throw new UnsupportedError(`cannot quantise to ${JSON.stringify(name)}; there are ${mixNames.join(', ')}`);
  for (const [, type] of tensorTypes) checkType(type);
  const types = chooseTypes(file, mix, { pure, hasImportance: importance !== undefined, tensorTypes });
  const tensors = [...file.tensors.values()].map((from): PlannedTensor => {
    const quant = types.get(from.name)!;
    const isNew = quant !== from.quant;
    if (isNew && !from.quant.dequantize) {
      throw new UnsupportedError(`${from.name} is ${from.quant.name}, which this build cannot decode; start from f16`);
    }
    const columns = isNew ? columnsFor(from, importance) : undefined;
    const isNeeded = mixes[mix]!.needsImportance && quant.name === mixes[mix]!.type && !isOfTokens(from);
    if (isNew && isNeeded && !columns) throw needed(mix, from.name);
    return { from, quant, sizeBytes: bytesFor(quant, elementsOf(from)), importance: columns };
  });
  return { mix, tensors, importance };
}

/** The types that a matrix may have. */
export const writableTypes: readonly string[] = [...quantByName.values()]
  .filter((quant) => encoderOf(quant) && !/^(tq|q2_0)/.test(quant.name))
  .map(({ name }) => name);

function checkType(type: string): void {
  if (writableTypes.includes(type)) return;
  throw new UnsupportedError(`cannot quantise to ${JSON.stringify(type)}; there are ${writableTypes.join(', ')}`);
}

const needed = (mix: string, tensor: string): UnsupportedError =>
  new UnsupportedError(
    `${mix} wants the importance of columns, and that of ${tensor} is not known; make it with thimble imatrix, or take Q2_K`,
  );

export interface QuantizeOptions extends WriteOptions {
  /** Threads that encode; 1, the default, is the caller's own. */
  readonly threads?: number;
}

/**
 * Writes a model as planned. The result does not depend on how many threads there are; neither does the memory that it takes depend on
 * the size of the model.
 * @throws what `writeGguf` throws; FormatError for weights that are infinite or NaN, or become so.
 */
export async function quantizeGguf(
  file: GgufFile,
  { mix, tensors, importance }: QuantizationPlan,
  sink: ByteSink,
  options: QuantizeOptions = {},
): Promise<void> {
  const { threads = 1, ...writing } = options;
  const starting = start(file, tensors, { threads, signal: writing.signal });
  const { metadata, team } = await starting.catch(async (error: unknown) => {
    await Promise.allSettled([sink.abort()]);
    throw error;
  });
  describe(metadata, mix, importance);
  const encoded = inOrder(rowsOf(file, tensors, writing.signal), team);
  const written = tensors.map((planned) => ({
    ...{ name: planned.from.name, quant: planned.quant, shape: planned.from.shape },
    pieces: async function* () {
      for (let left = piecesOf(planned).length; left > 0; left--) {
        const next: Encoded = (await encoded.next()).value!;
        if (next.problem !== undefined) throw new FormatError(next.problem);
        yield next.bytes;
      }
    },
  }));
  try {
    await writeGguf(sink, { metadata, tensors: written }, writing);
  } finally {
    await team.close();
  }
}

async function start(
  file: GgufFile,
  tensors: readonly PlannedTensor[],
  { threads, signal }: { threads: number; signal: AbortSignal | undefined },
): Promise<{ metadata: Map<string, MetadataToWrite>; team: Team }> {
  checkWhole('threads', threads, { min: 1, max: 64 });
  const metadata = await copyMetadata(file, signal);
  const types = new Set(tensors.flatMap(({ from, quant }) => [from.quant.name, quant.name]));
  return { metadata, team: await startTeam(threads, [...types]) };
}

/** What llama-quantize says of a file that it makes. */
function describe(metadata: Map<string, MetadataToWrite>, mix: string, importance: Importance | undefined): void {
  metadata.set('general.file_type', { type: 'u32', value: mixes[mix]!.fileType });
  metadata.set('general.quantization_version', { type: 'u32', value: quantizationVersion });
  if (!importance) return;
  const { name, datasets, nChunks, columns } = importance;
  metadata.set('quantize.imatrix.file', { type: 'string', value: name });
  if (datasets[0] !== undefined) metadata.set('quantize.imatrix.dataset', { type: 'string', value: datasets[0] });
  metadata.set('quantize.imatrix.entries_count', { type: 'u32', value: columns.size });
  metadata.set('quantize.imatrix.chunks_count', { type: 'u32', value: nChunks });
}

/** Weights that are encoded at a time, unless a row has more. */
const weightsAtOnce = 2 ** 18;

interface Piece {
  readonly firstRow: number;
  readonly nRows: number;
  /** Which of the tensor's matrices it belongs to. */
  readonly matrix: number;
}

/** A tensor in pieces. Each is of one matrix, because each matrix of a stack has an importance of its own. */
function piecesOf({ from: { shape } }: PlannedTensor): Piece[] {
  const nCols = shape.at(-1) ?? 1;
  if (shape.includes(0)) return [];
  const matrixRows = shape.at(-2) ?? 1;
  const nMatrices = shape.slice(0, -2).reduce((product, n) => product * n, 1);
  const most = Math.max(1, Math.floor(weightsAtOnce / nCols));
  const pieces: Piece[] = [];
  for (let matrix = 0; matrix < nMatrices; matrix++) {
    for (let row = 0; row < matrixRows; row += most) {
      pieces.push({ firstRow: matrix * matrixRows + row, nRows: Math.min(most, matrixRows - row), matrix });
    }
  }
  return pieces;
}

/** All rows of all tensors, read when they are asked for. */
async function* rowsOf(file: GgufFile, tensors: readonly PlannedTensor[], signal?: AbortSignal): AsyncGenerator<Rows> {
  for (const planned of tensors) {
    const { from, quant, importance } = planned;
    const nCols = from.shape.at(-1) ?? 1;
    for (const { firstRow, nRows, matrix } of piecesOf(planned)) {
      const bytes = new Uint8Array(bytesFor(from.quant, nRows * nCols));
      const offset = from.offsetBytes + bytesFor(from.quant, firstRow * nCols);
      await file.sources[from.shardIndex]!.read(offset, bytes, signal);
      yield {
        ...{ tensor: from.name, firstWeight: firstRow * nCols, nWeights: nRows * nCols },
        ...{ from: from.quant.name, to: quant.name, bytes },
        importance: importance?.slice(matrix * nCols, (matrix + 1) * nCols),
      };
    }
  }
}
