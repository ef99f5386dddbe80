import { bytesOf, type Tensor } from '../../graph/tensor.ts';
import { aligned } from './schedule.ts';

/**
 * How a model's bytes are cut up on their way from the file into place. A *piece* is some rows of one tensor; a *batch* is what
 * one staging area holds of consecutive pieces, often several small tensors, so that a model of a hundred megabytes is a
 * few dozen waits for the disk and not several hundred:
 *
 *     tensors   │   token table   │ norm │ wq │ wk │ wv │ …
 *     pieces    │  0  │  1  │  2  │  3   │ 4  │ 5  │ 6  │ …
 *     batches   │  0  │  1  │            2         │ 3 …
 */

/** Rows of a tensor that are read together, and where they lie in the tensor's bytes. */
export interface Piece {
  readonly tensor: Tensor;
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly offsetBytes: number;
  readonly bytes: number;
  /** Where its bytes go, from the beginning of a staging area. */
  readonly stagedAt: number;
}

export interface Batch {
  readonly pieces: readonly Piece[];
  /** What it takes of a staging area. */
  readonly bytes: number;
}

/** A staging area: long for a disk, short enough to be packed out of cache. 135M model, 1 thread: 82, 73, 85 ms at 1, 2, 4 MiB. */
const STAGING_BYTES = 2 << 20;

/** Each piece is a node of the program that packs a batch. */
export const MAX_PIECES = 32;

/** Weights in batches, in order. Matrices are cut between groups of `rowGroup` rows, which are packed together. */
export function batchesOf(weights: readonly Tensor[], rowGroup: number): Batch[] {
  const batches: { pieces: Piece[]; bytes: number }[] = [];
  for (const piece of weights.flatMap((tensor) => piecesOf(tensor, rowGroup))) {
    const last = batches.at(-1);
    const fits = last && last.pieces.length < MAX_PIECES && last.bytes + piece.bytes <= STAGING_BYTES;
    const batch = fits ? last : { pieces: [], bytes: 0 };
    if (!fits) batches.push(batch);
    batch.pieces.push({ ...piece, stagedAt: batch.bytes });
    batch.bytes += aligned(piece.bytes);
  }
  return batches;
}

/** Bytes of one staging area: the largest batch. */
export const stagingBytes = (batches: readonly Batch[]): number => Math.max(0, ...batches.map(({ bytes }) => bytes));

function piecesOf(tensor: Tensor, rowGroup: number): Omit<Piece, 'stagedAt'>[] {
  const rows = tensor.shape.length === 1 ? 1 : tensor.shape[0]!; // a vector is one row
  const rowBytes = bytesOf(tensor) / rows;
  const nGroups = Math.max(1, Math.floor(STAGING_BYTES / (rowBytes * rowGroup)));
  const step = nGroups * rowGroup;
  return Array.from({ length: Math.ceil(rows / step) }, (_, i) => {
    const rowBegin = i * step;
    const rowEnd = Math.min(rows, rowBegin + step);
    return { tensor, rowBegin, rowEnd, offsetBytes: rowBegin * rowBytes, bytes: (rowEnd - rowBegin) * rowBytes };
  });
}
