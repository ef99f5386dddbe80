import type { FormatError } from '../base/errors.ts';
import { greatest, roundUp } from '../base/numbers.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { notFinite } from '../quants/finite.ts';
import type { UploadOptions } from './backend.ts';
import { matrixShape } from './matrices.ts';

/**
 * Cuts a model's bytes up on their way from the file into place. A *piece* is some rows of one tensor. A *batch* is
 * consecutive pieces that fit one staging area, often several small tensors: so a model of a hundred megabytes waits a few
 * dozen times for the disk and not several hundred:
 *
 *     tensors   │   token table   │ norm │ wq │ wk │ wv │ …
 *     pieces    │  0  │  1  │  2  │  3   │ 4  │ 5  │ 6  │ …
 *     batches   │  0  │  1  │            2         │ 3 …
 */

/** Rows of a matrix that are read together, and where they lie in the tensor's bytes. */
export interface Piece {
  readonly tensor: Tensor;
  /** Which one of a stack. */
  readonly matrix: number;
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly offsetBytes: number;
  readonly bytes: number;
  /** Where its bytes go, from the beginning of a staging area. */
  readonly stagedAt: number;
}

export interface Batch {
  readonly pieces: readonly Piece[];
  /** Bytes that it takes of a staging area. */
  readonly bytes: number;
}

/** A staging area: long for a disk, short enough to be packed out of cache. 135M model, 1 thread: 82, 73, 85 ms at 1, 2, 4 MiB. */
export const STAGING_BYTES = 2 << 20;

/** Pieces begin at cache lines. */
const ALIGN = 64;

/** Each piece is a node of the program that packs a batch. */
export const MAX_PIECES = 32;

/**
 * Weights in batches, in order. Matrices are cut between items of `rowsPerItem` rows, which belong together.
 * @param mostBytes of a batch, unless one item takes more
 */
export function batchesOf(weights: readonly Tensor[], rowsPerItem: number, mostBytes = STAGING_BYTES): Batch[] {
  const batches: { pieces: Piece[]; bytes: number }[] = [];
  for (const piece of weights.flatMap((tensor) => piecesOf(tensor, rowsPerItem, mostBytes))) {
    const last = batches.at(-1);
    const fits = last && last.pieces.length < MAX_PIECES && last.bytes + piece.bytes <= mostBytes;
    const batch = fits ? last : { pieces: [], bytes: 0 };
    if (!fits) batches.push(batch);
    batch.pieces.push({ ...piece, stagedAt: batch.bytes });
    batch.bytes += roundUp(piece.bytes, ALIGN);
  }
  return batches;
}

/** Bytes of one staging area: the largest batch. */
export const stagingBytes = (batches: readonly Batch[]): number => greatest(batches.map(({ bytes }) => bytes));

function piecesOf(tensor: Tensor, rowsPerItem: number, mostBytes: number): Omit<Piece, 'stagedAt'>[] {
  const { nMatrices, rows } = matrixShape(tensor);
  const rowBytes = bytesOf(tensor) / (nMatrices * rows);
  const most = Math.max(1, Math.floor(mostBytes / (rowBytes * rowsPerItem))) * rowsPerItem;
  const step = roundUp(Math.ceil(rows / Math.ceil(rows / most)), rowsPerItem); // pieces of one length, but for the last one
  const nSteps = Math.ceil(rows / step);
  return Array.from({ length: nMatrices * nSteps }, (_, i) => {
    const matrix = Math.floor(i / nSteps);
    const rowBegin = (i % nSteps) * step;
    const rowEnd = Math.min(rows, rowBegin + step);
    const offsetBytes = (matrix * rows + rowBegin) * rowBytes;
    return { tensor, matrix, rowBegin, rowEnd, offsetBytes, bytes: (rowEnd - rowBegin) * rowBytes };
  });
}

/** How batches come to a backend. */
export interface Stream {
  readonly batches: readonly Batch[];
  /** Bytes of staging area 0 or 1. */
  readonly staged: (area: number, begin: number, bytes: number) => Uint8Array;
  /** Brings a batch from its area into place. */
  readonly place: (batch: Batch, area: number) => Promise<void>;
}

/**
 * Reads batches, one ahead of the one that is being placed:
 *
 *     read     ▓▓ 0 ▓▓│▓▓ 1 ▓▓│▓▓ 2 ▓▓│
 *     place           │▓ 0 ▓  │▓ 1 ▓  │▓ 2 ▓
 */
export async function streamBatches({ batches, staged, place }: Stream, options: UploadOptions): Promise<void> {
  const read = (b: number): Promise<PromiseSettledResult<void>[]> =>
    Promise.allSettled(
      (batches[b]?.pieces ?? []).map(({ tensor, offsetBytes, stagedAt, bytes }) =>
        options.read(tensor, offsetBytes, staged(b % 2, stagedAt, bytes)),
      ),
    );
  let doneBytes = 0;
  let reading = read(0);
  try {
    for (const [b, batch] of batches.entries()) {
      const failed = (await reading).find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      options.signal?.throwIfAborted();
      reading = read(b + 1);
      await place(batch, b % 2);
      for (const { bytes } of batch.pieces) doneBytes += bytes;
      options.onProgress?.(doneBytes);
    }
  } finally {
    await reading; // it writes into an area
  }
}

/** A scale or a float of a piece is infinite or NaN. */
export function notFiniteIn({ tensor, matrix, rowBegin, rowEnd }: Piece): FormatError {
  const where = `rows ${rowBegin} to ${rowEnd - 1}${tensor.shape.length > 2 ? ` of matrix ${matrix}` : ''}`;
  return notFinite(tensor.name, `a ${tensor.quant.halves ? 'scale' : 'weight'} in ${where}`);
}
