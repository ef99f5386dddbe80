/**
 * Turns a model file into a smaller one. It decodes matrices and encodes them again, a few rows at a time, and copies
 * everything else.
 *
 * Which tensor gets which type follows llama.cpp's `llama-quantize --pure` with its rule for the output matrix
 * (src/llama-quant.cpp), so that files of one type are alike.
 */
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import { copyMetadata, copyTensor } from '../gguf/split.ts';
import { writeGguf, type TensorToWrite, type WriteOptions } from '../gguf/write.ts';
import { checkFinite } from '../quants/finite.ts';
import { quantByName, quants } from '../quants/index.ts';
import { bytesFor, type QuantType } from '../quants/quant_type.ts';
import type { ByteSink } from '../store/source.ts';
import { elementsOf } from '../graph/tensor.ts';
import { encoderOf } from './encode/index.ts';

/** `general.file_type` of a model whose matrices are mostly of a type (`enum llama_ftype`, the smallest mix of each). */
const fileTypes: ReadonlyMap<string, number> = new Map([
  ['f32', 0],
  ['f16', 1],
  ['q4_0', 2],
  ['q4_1', 3],
  ['q8_0', 7],
  ['q5_0', 8],
  ['q5_1', 9],
  ['q2_k', 10],
  ['q3_k', 11],
  ['q4_k', 14],
  ['q5_k', 16],
  ['q6_k', 18],
  ['bf16', 32],
  ['iq4_nl', 25],
  ['iq4_xs', 30],
  ['mxfp4', 38],
  ['q1_0', 40],
]);

/** `GGML_QNT_VERSION`: the block layouts have not changed since. */
const quantizationVersion = 2;

/** Replaces types whose blocks do not fit a row. Where blocks of 32 do not fit either, f16 takes their place. */
const standIns: ReadonlyMap<string, string> = new Map([
  ['q2_k', 'q4_0'],
  ['q3_k', 'q4_0'],
  ['q4_k', 'q5_0'],
  ['q5_k', 'q5_1'],
  ['q6_k', 'q8_0'],
  ['iq4_xs', 'iq4_nl'],
  ['q1_0', 'q4_0'],
]);

/** Types that are good enough for the output matrix as they are. */
const fineTypes = ['f32', 'f16', 'bf16', 'q8_0', 'q6_k'];

/** Matrices that stay as they are: they are small, and rounding them hurts the model. */
const keptMatrices = /_norm\.weight$|ffn_gate_inp\.weight$|^position_embd\.weight$|^token_types\.weight$/;

/** The types that `planQuantization` takes, by name. */
export const quantizableTypes: readonly string[] = quants
  .filter((quant) => encoderOf(quant) !== undefined && fileTypes.has(quant.name))
  .map(({ name }) => name);

/** A tensor and the type it will have. */
export interface PlannedTensor {
  readonly from: GgufTensor;
  readonly quant: QuantType;
  readonly sizeBytes: number;
}

export interface QuantizationPlan {
  /** The type that was asked for. */
  readonly type: string;
  readonly tensors: readonly PlannedTensor[];
}

/**
 * Which tensor becomes what. Reads no weights.
 * @throws UnsupportedError for a type that cannot be written, or a matrix that cannot be read.
 */
export function planQuantization(file: GgufFile, type: string): QuantizationPlan {
  if (!quantizableTypes.includes(type)) {
    throw new UnsupportedError(`cannot quantise to ${JSON.stringify(type)}; there are ${quantizableTypes.join(', ')}`);
  }
  const output = file.tensors.has('output.weight') ? 'output.weight' : 'token_embd.weight';
  const tensors = [...file.tensors.values()].map((from) => {
    const quant = becomes(from, type, from.name === output);
    if (quant !== from.quant && !from.quant.dequantize) {
      throw new UnsupportedError(`${from.name} is ${from.quant.name}, which this build cannot decode; start from f16`);
    }
    return { from, quant, sizeBytes: bytesFor(quant, elementsOf(from)) };
  });
  return { type, tensors };
}

function becomes({ name, shape, quant }: GgufTensor, type: string, isOutput: boolean): QuantType {
  const isMatrix = shape.filter((n) => n > 1).length >= 2 && name.endsWith('weight') && !keptMatrices.test(name);
  if (!isMatrix) return quant;
  const wanted = isOutput && !fineTypes.includes(type) ? 'q6_k' : type;
  const rowLength = shape.at(-1)!;
  const choices = [wanted, standIns.get(wanted), 'f16'].map((choice) => quantByName.get(choice ?? wanted)!);
  return choices.find(({ blockSize }) => rowLength % blockSize === 0)!;
}

/**
 * Writes a model as planned, never holding more than a few rows of one tensor.
 * @throws what `writeGguf` throws.
 */
export async function quantizeGguf(
  file: GgufFile,
  { type, tensors }: QuantizationPlan,
  sink: ByteSink,
  options: WriteOptions = {},
): Promise<void> {
  const metadata = await copyMetadata(file, options.signal).catch(async (error: unknown) => {
    await Promise.allSettled([sink.abort()]);
    throw error;
  });
  await Promise.all(tensors.map(({ quant }) => quant.load?.()));
  metadata.set('general.file_type', { type: 'u32', value: fileTypes.get(type)! });
  metadata.set('general.quantization_version', { type: 'u32', value: quantizationVersion });
  const written = tensors.map((tensor) => writeTensor(file, tensor, options.signal));
  await writeGguf(sink, { metadata, tensors: written }, options);
}

/** Weights converted between two looks at the signal. */
const weightsAtOnce = 2 ** 18;

const tooLarge = (tensor: string, type: string): FormatError =>
  new FormatError(
    `${tensor} has weights that ${type} turns infinite; quantise to a type that holds them, such as bf16`,
  );

/** Rows of a tensor, encoded anew where the type changes. What is read and what is written is looked at: neither may be infinite or NaN. */
function writeTensor(file: GgufFile, { from, quant }: PlannedTensor, signal?: AbortSignal): TensorToWrite {
  const rowLength = from.shape.at(-1) ?? 1;
  if (!from.quant.dequantize || rowLength === 0) return copyTensor(file, from, signal);
  const isCopy = quant === from.quant;
  const encode = encoderOf(quant)!;
  const nRows = elementsOf(from) / rowLength;
  const rowsAtOnce = Math.max(1, Math.floor(weightsAtOnce / rowLength));
  return {
    name: from.name,
    quant,
    shape: from.shape,
    pieces: async function* () {
      const before = new Uint8Array(bytesFor(from.quant, rowsAtOnce * rowLength));
      const floats = new Float32Array(rowsAtOnce * rowLength);
      const after = new Uint8Array(bytesFor(quant, rowsAtOnce * rowLength));
      const source = file.sources[from.shardIndex]!;
      for (let row = 0; row < nRows; row += rowsAtOnce) {
        const n = Math.min(rowsAtOnce, nRows - row);
        const encoded = before.subarray(0, bytesFor(from.quant, n * rowLength));
        await source.read(from.offsetBytes + bytesFor(from.quant, row * rowLength), encoded, signal);
        const decoded = floats.subarray(0, n * rowLength);
        from.quant.dequantize!(encoded, decoded);
        checkFinite(from.name, decoded);
        const result = isCopy ? encoded : after.subarray(0, bytesFor(quant, n * rowLength));
        if (!isCopy) {
          encode(decoded, result);
          quant.dequantize!(result, decoded);
          const isHeld = decoded.every(Number.isFinite);
          if (!isHeld) throw tooLarge(from.name, quant.name);
        }
        yield result;
      }
    },
  };
}
