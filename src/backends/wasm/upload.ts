import type { Tensor } from '../../graph/tensor.ts';
import type { UploadOptions } from '../backend.ts';
import { checkFinite } from '../../quants/finite.ts';
import { batchesOf, MAX_PIECES, notFiniteIn, stagingBytes, streamBatches, type Batch, type Piece } from '../staging.ts';
import type { Heap } from './heap.ts';
import type { Instance } from './kernels.ts';
import { COUNTER_BYTES, PACK_RECORD_BYTES, type MemoryPlan, type WeightPlace } from './plan.ts';
import type { Pool } from './pool.ts';

import { header, packWords } from './words.ts';

export interface UploadTarget {
  readonly heap: Heap;
  readonly plan: MemoryPlan;
  readonly instance: Instance;
  readonly pool: Pool;
}

/** Where a piece's weight goes; undefined: nowhere yet. */
export type PlaceOf = (piece: Piece) => WeightPlace | undefined;

/**
 * Streams weights into place. File bytes land in one of two staging areas inside the memory, where activations and programs
 * will be later. All threads pack them from there, while the next batch is read into the other area. Weights that are paged pass through
 * the place where they will come by: so all of them have been seen, and found finite, when a model is open.
 */
export async function uploadWeights(
  target: UploadTarget,
  weights: readonly Tensor[],
  options: UploadOptions,
  placeOf: PlaceOf = ({ tensor }) => target.plan.weights.get(tensor.name),
) {
  const { heap, plan } = target;
  const batches = batchesOf(weights, plan.rowsPerItem, plan.batchBytes);
  const areaBytes = stagingBytes(batches);
  const beginOf = (area: number): number => plan.activations.begin + area * areaBytes;
  const grids = weights.find(({ quant }) => quant.grids)?.quant.grids;
  if (grids) heap.bytes(plan.grids.begin, plan.grids.bytes).set(await grids());
  for (const [name, { table, begin, nMatrices, matrixBytes }] of plan.weights) {
    if (table !== undefined && !plan.paging?.stored.has(name))
      for (let i = 0; i < nMatrices; i++) heap.ints[table / 4 + i] = begin + i * matrixBytes;
  }
  const staged = (area: number, begin: number, bytes: number) => heap.bytes(beginOf(area) + begin, bytes);
  const place = (batch: Batch, area: number) => placeBatch(target, batch, beginOf(area), placeOf);
  await streamBatches({ batches, staged, place }, options);
}

/** Brings a batch from a staging area into place. @throws FormatError for numbers that are not finite */
export async function placeBatch(
  target: UploadTarget,
  { pieces }: Batch,
  staging: number,
  placeOf: PlaceOf,
): Promise<void> {
  const { heap } = target;
  const packed: PlacedPiece[] = [];
  for (const piece of pieces) {
    const { tensor, matrix, rowBegin, rowEnd, stagedAt, bytes } = piece;
    const place = placeOf(piece);
    if (!place) continue;
    if (place.isPacked) {
      packed.push({ piece, place });
      continue;
    }
    const { begin, rows, cols } = place;
    const to = begin / 4 + (matrix * rows + rowBegin) * cols;
    const numbers = heap.floats.subarray(to, to + (rowEnd - rowBegin) * cols);
    tensor.quant.dequantize!(heap.bytes(staging + stagedAt, bytes), numbers);
    checkFinite(tensor.name, numbers);
  }
  if (packed.length > 0) await pack(target, packed, staging);
}

interface PlacedPiece {
  readonly piece: Piece;
  readonly place: WeightPlace;
}

/** A program of a node per piece, with no barrier between them; counters and records lie behind the control block. */
async function pack(target: UploadTarget, pieces: readonly PlacedPiece[], staging: number): Promise<void> {
  const counters = target.plan.loading.begin;
  const countersBytes = MAX_PIECES * COUNTER_BYTES;
  const begin = counters + countersBytes;
  for (const [i, placed] of pieces.entries()) {
    const at = begin + i * PACK_RECORD_BYTES;
    const src = staging + placed.piece.stagedAt;
    writeRecord(target, placed, { at, counter: counters + i * COUNTER_BYTES, src });
  }
  const end = begin + pieces.length * PACK_RECORD_BYTES;
  await target.pool.run({ begin, end, counters, countersBytes });
  for (const [i, { piece }] of pieces.entries()) {
    const record = (begin + i * PACK_RECORD_BYTES) / 4;
    if (target.heap.ints[record + header.length + packWords.damaged] !== 0) throw notFiniteIn(piece);
  }
}

/** Bits, unsigned, that no number has: of types whose scales are finite whatever their bytes are. */
const NO_INFINITY = -1;

interface RecordPlace {
  readonly at: number;
  readonly counter: number;
  readonly src: number;
}

function writeRecord(
  { heap, instance, pool }: UploadTarget,
  { piece, place: { begin, rows, cols, matrixBytes } }: PlacedPiece,
  { at, counter, src }: RecordPlace,
): void {
  const { tensor, matrix, rowBegin, rowEnd, bytes } = piece;
  const {
    blockBytes,
    halves = [],
    scaleMask = 0x7fff,
    infinity = halves.length > 0 ? 0x7c00 : NO_INFINITY,
  } = tensor.quant;
  const dst = begin + matrix * matrixBytes;
  const record = heap.ints.subarray(at / 4, (at + PACK_RECORD_BYTES) / 4);
  const packer = instance.kernelIndex(`pack_${tensor.quant.name}`)!;
  record[header.kernel] = instance.kernelIndex('pack_rows')!;
  record[header.recordBytes] = PACK_RECORD_BYTES;
  record[header.counter] = counter;
  const rowBytes = bytes / (rowEnd - rowBegin);
  const place = { pack: packer, src, dst, rowBegin, rowEnd, rows, cols, rowBytes };
  const block = { blockBytes, halves: halves[0] ?? 0, nHalves: halves.length, scaleMask, infinity, damaged: 0 };
  for (const [name, value] of Object.entries({ ...place, ...block })) {
    record[header.length + packWords[name as keyof typeof packWords]] = value;
  }
  const nItems = instance.exports['pack_rows_items']!(at);
  record[header.nItems] = nItems;
  record[header.chunk] = Math.max(1, Math.floor(nItems / (8 * pool.nThreads)));
}
