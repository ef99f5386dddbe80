import { FormatError } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import type { UploadOptions } from '../backend.ts';
import type { Heap } from './heap.ts';
import type { Instance } from './kernels.ts';
import { header } from './lower.ts';
import { COUNTER_BYTES, fileBytes, pieceRows, rowsOf, stagingHalf, type MemoryPlan } from './plan.ts';
import type { Pool } from './pool.ts';

/** Rows of a tensor that are read at once, and where they lie in the tensor's bytes. */
interface Piece {
  readonly tensor: Tensor;
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly offsetBytes: number;
  readonly bytes: number;
}

export interface UploadTarget {
  readonly heap: Heap;
  readonly plan: MemoryPlan;
  readonly instance: Instance;
  readonly pool: Pool;
}

/**
 * Streams weights into place. File bytes land in one of two staging areas inside the memory (where activations and programs
 * will be later) and are packed from there by all threads, while the next piece is being read into the other:
 *
 *     read     ▓▓ 0 ▓▓│▓▓ 1 ▓▓│▓▓ 2 ▓▓│
 *     pack            │▓ 0 ▓  │▓ 1 ▓  │▓ 2 ▓
 */
export async function uploadWeights(target: UploadTarget, weights: readonly Tensor[], options: UploadOptions) {
  const { heap, plan } = target;
  const half = stagingHalf(weights, plan.rowGroup);
  const pieces = weights.flatMap((tensor) => piecesOf(tensor, plan.rowGroup));
  const stagingOf = (i: number): number => plan.activations.begin + (i % 2) * half;
  const read = (i: number): Promise<void> => {
    const { tensor, offsetBytes, bytes } = pieces[i]!;
    return options.read(tensor, offsetBytes, heap.bytes(stagingOf(i), bytes));
  };
  let doneBytes = 0;
  let reading = pieces.length > 0 ? read(0) : undefined;
  for (const [i, piece] of pieces.entries()) {
    await reading;
    options.signal?.throwIfAborted();
    reading = i + 1 < pieces.length ? read(i + 1) : undefined;
    const settled = reading?.catch(() => undefined);
    try {
      await place(target, piece, stagingOf(i));
    } catch (error) {
      await settled; // it writes into the memory
      throw error;
    }
    doneBytes += piece.bytes;
    options.onProgress?.(doneBytes);
  }
}

function piecesOf(tensor: Tensor, rowGroup: number): Piece[] {
  const rows = rowsOf(tensor);
  const step = pieceRows(tensor, rowGroup);
  const rowBytes = fileBytes(tensor) / rows;
  return Array.from({ length: Math.ceil(rows / step) }, (_, i) => {
    const rowBegin = i * step;
    const rowEnd = Math.min(rows, rowBegin + step);
    return { tensor, rowBegin, rowEnd, offsetBytes: rowBegin * rowBytes, bytes: (rowEnd - rowBegin) * rowBytes };
  });
}

function place(target: UploadTarget, piece: Piece, staging: number): void | Promise<void> {
  const { heap, plan } = target;
  const { tensor } = piece;
  const to = plan.weights.get(tensor.name)!.begin;
  if (tensor.shape.length > 1) return pack(target, piece, staging, to);
  tensor.quant.dequantize!(heap.bytes(staging, piece.bytes), heap.floats.subarray(to / 4, to / 4 + tensor.shape[0]!));
}

/** Words of `PackRowsNode` in assembly/pack_rows.ts behind the header. */
const N_WORDS = 12;
const DAMAGED = header.length + N_WORDS - 1;

/** A program of one node; its record and counter lie behind the control block. */
async function pack({ heap, plan, instance, pool }: UploadTarget, piece: Piece, src: number, dst: number) {
  const { tensor, rowBegin, rowEnd } = piece;
  const { blockBytes, halves = [] } = tensor.quant;
  const [rows, cols] = tensor.shape as [number, number];
  const begin = plan.loading.begin + COUNTER_BYTES;
  const record = heap.ints.subarray(begin / 4, (plan.loading.begin + plan.loading.bytes) / 4);
  const packer = instance.kernelIndex(`pack_${tensor.quant.name}`)!;
  record[header.kernel] = instance.kernelIndex('pack_rows')!;
  record[header.recordBytes] = record.byteLength;
  record[header.counter] = plan.loading.begin;
  const where = [src, dst, rowBegin, rowEnd, rows, cols, fileBytes(tensor) / rows];
  record.set([packer, ...where, blockBytes, halves[0] ?? 0, halves.length, 0], header.length);
  const nItems = instance.exports['pack_rows_items']!(begin);
  record[header.nItems] = nItems;
  record[header.chunk] = Math.max(1, Math.floor(nItems / (8 * pool.nThreads)));
  const countersBytes = COUNTER_BYTES;
  await pool.run({ begin, end: begin + record.byteLength, counters: plan.loading.begin, countersBytes });
  if (heap.ints[begin / 4 + DAMAGED] === 0) return;
  const found = `a scale in rows ${rowBegin} to ${rowEnd - 1} is infinite or NaN`;
  throw new FormatError(`${tensor.name}: ${found}, expected finite ones; damaged file?`);
}
