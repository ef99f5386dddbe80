import { UnsupportedError } from '../base/errors.ts';
import { quantByName } from '../quants/index.ts';
import { checkFinite } from '../quants/finite.ts';
import type { QuantType } from '../quants/quant_type.ts';
import { elementsOf, type Tensor } from '../graph/tensor.ts';
import type { Value } from '../graph/graph.ts';
import { bytesFor } from '../quants/quant_type.ts';
import type { AdapterFile, Base, Origin } from './adapter_parts.ts';
import type { Direction, LowRank } from './adapted.ts';

/**
 * An adapter's floats as whole numbers of 16 bits, which no file has: a unit for each matrix makes its largest number 32767. An adapter is
 * read for each token as the model is, so half the bytes are half the time that it takes; beside quantised weights nothing is lost by it.
 */
export const levels16: QuantType = {
  name: 'levels16',
  ggmlType: -1,
  blockSize: 1,
  blockBytes: 2,
  infinity: 0x8000, // all of them are finite
  dequantize(src, dst) {
    const view = new DataView(src.buffer, src.byteOffset);
    for (let i = 0; i < dst.length; i++) dst[i] = view.getInt16(2 * i, true);
  },
};

const MOST = 32767;

/** Reads bytes of a tensor of the adapter's file. */
export type ReadTensor = (tensor: Tensor, offsetBytes: number, into: Uint8Array) => Promise<void>;

const f32 = quantByName.get('f32')!;

/** The adapter as kernels take it, whatever its types: such numbers where the model's own weights are quantised, floats elsewhere. */
export async function withLevels(file: AdapterFile, { tensors }: Base, read: ReadTensor): Promise<AdapterFile> {
  const units = new Map<Tensor, number>(); // by the file's tensor: parts of one share it
  const made = new Map<Value, Value>();
  const weights = new Map<Value, Origin>();
  const placed = async (value: Value, quant: QuantType): Promise<{ readonly value: Value; readonly unit: number }> => {
    const { tensor, offsetBytes } = file.weights.get(value)!;
    if (tensor.quant.load) await tensor.quant.load();
    if (!tensor.quant.dequantize) throw new UnsupportedError(`${value.name} is ${tensor.quant.name}, which this build cannot decode`);
    if (quant === levels16 && !units.has(tensor)) units.set(tensor, await unitOf(value.name, tensor, read));
    const unit = units.get(tensor);
    if (!made.has(value)) made.set(value, { ...value, quant });
    weights.set(made.get(value)!, { tensor, offsetBytes, unit });
    return { value: made.get(value)!, unit: unit ?? 1 };
  };
  const products = new Map<string, LowRank[]>();
  for (const [target, parts] of file.additions.products) {
    const isMultiplied = target !== 'token_embd.weight'; // rows of the table are taken
    const quant = isMultiplied && tensors.get(target)!.quant.blockSize > 1 ? levels16 : f32;
    products.set(target, []);
    for (const { a, b, scale } of parts) {
      const [small, tall] = [await placed(a, quant), await placed(b, quant)];
      products.get(target)!.push({ a: small.value, b: tall.value, scale: scale * small.unit * tall.unit });
    }
  }
  const directions = new Map<number, Direction[]>();
  for (const [layer, added] of file.additions.directions) {
    directions.set(layer, []);
    for (const { row, scale } of added) directions.get(layer)!.push({ row: (await placed(row, f32)).value, scale });
  }
  return { ...file, weights, additions: { products, directions } };
}

/** What a level of 1 stands for. */
async function unitOf(name: string, tensor: Tensor, read: ReadTensor): Promise<number> {
  const n = elementsOf(tensor);
  const piece = PIECE - (PIECE % tensor.quant.blockSize);
  let most = 0;
  for (let begin = 0; begin < n; begin += piece) {
    const floats = await floatsOf(name, tensor, { begin, n: Math.min(piece, n - begin) }, read);
    for (const x of floats) most = Math.max(most, Math.abs(x));
  }
  return most === 0 ? 1 : most / MOST;
}

/** Numbers looked at together. */
const PIECE = 1 << 18;

interface Range {
  readonly begin: number;
  readonly n: number;
}

async function floatsOf(name: string, tensor: Tensor, { begin, n }: Range, read: ReadTensor): Promise<Float32Array> {
  const { quant } = tensor;
  const bytes = new Uint8Array(bytesFor(quant, n));
  await read(tensor, bytesFor(quant, begin), bytes);
  const floats = new Float32Array(n);
  quant.dequantize!(bytes, floats);
  checkFinite(name, floats);
  return floats;
}

/** Fills `into` with the bytes from `offsetBytes` on of a weight of this type. */
export async function readPlaced(value: Tensor, origin: Origin, { offsetBytes, into, read }: Reading): Promise<void> {
  const { tensor, unit } = origin;
  const { blockBytes } = value.quant;
  const begin = (origin.offsetBytes / tensor.quant.blockBytes) * tensor.quant.blockSize + offsetBytes / blockBytes;
  const floats = await floatsOf(value.name, tensor, { begin, n: into.length / blockBytes }, read);
  const view = new DataView(into.buffer, into.byteOffset);
  if (unit === undefined) floats.forEach((x, i) => view.setFloat32(4 * i, x, true));
  else floats.forEach((x, i) => view.setInt16(2 * i, Math.round(x / unit), true));
}

interface Reading {
  readonly offsetBytes: number;
  readonly into: Uint8Array;
  readonly read: ReadTensor;
}
