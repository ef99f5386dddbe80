import { ResourceError } from '../../base/errors.ts';
import { counted, greatest, roundUp, sum } from '../../base/numbers.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { matrixShape } from '../matrices.ts';
import { BINDING_BYTES } from './memory.ts';
import { PIECE_ROWS, planeRowBytes } from './planes.ts';

/**
 * A matrix, or a stack of them, row behind row, lies in one buffer, all of its planes side by side. A buffer that kernels see has a largest
 * size, which is 128 MiB on many phones; so a large matrix is cut into parts of whole rows, each with a buffer of its own:
 *
 *     matrix   | rows 0 … 131071        | rows 131072 … 151935 |
 *     part 0   | levels | scales |        part 1   | levels | scales |
 *              0        256 × n
 */
export interface Part {
  /** Rows of a stack are counted through all of its matrices. */
  readonly rowBegin: number;
  readonly rowEnd: number;
}

/** Where a plane lies in its part's buffer. */
export interface PlanePlace {
  readonly offset: number;
  /** The rows' bytes, in whole words. */
  readonly size: number;
  readonly rowBytes: number;
}

/** Parts begin at multiples of so many rows, where there are as many: kernels that go by tiles never meet a cut one. */
const PART_ROWS = 64;

/** Rows of a part at the most: a grid has no more than 65535 workgroups a side, which have 32 rows or more. */
const MOST_ROWS = 65535 * 32 - ((65535 * 32) % PART_ROWS);

/**
 * The parts of a matrix, in order.
 * @param bindingBytes the most that a kernel sees of a buffer.
 */
export function partsOf(tensor: Tensor, bindingBytes: number): Part[] {
  const rows = rowsOf(tensor);
  const most = mostRows(tensor, bindingBytes);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    const rowBegin = i * most;
    return { rowBegin, rowEnd: Math.min(rows, rowBegin + most) };
  });
}

/** Rows of all matrices, and what lies between them. */
function rowsOf(tensor: Tensor): number {
  const { nMatrices, rows } = matrixShape(tensor);
  return (nMatrices - 1) * rowsApart(tensor) + rows;
}

/** Rows from one matrix of a stack to the next: whole pieces, which begin at whole words. */
export const rowsApart = (tensor: Tensor): number => roundUp(matrixShape(tensor).rows, PIECE_ROWS);

/** Rows of a part that is as large as it may be. */
function mostRows(tensor: Tensor, bindingBytes: number): number {
  const { cols } = matrixShape(tensor);
  const rows = rowsOf(tensor);
  if (rows <= MOST_ROWS && partBytes(tensor, rows) <= bindingBytes) return rows;
  const rowBytes = planeRowBytes(tensor.quant, cols);
  const most = Math.floor((bindingBytes - BINDING_BYTES * rowBytes.length) / sum(rowBytes));
  const group = most < PART_ROWS ? PIECE_ROWS : PART_ROWS;
  if (most >= group) return Math.min(MOST_ROWS, most - (most % group));
  const needed = `${group} rows of ${tensor.name} are ${counted(partBytes(tensor, group))} bytes`;
  throw new ResourceError(
    `${needed}, the GPU takes ${counted(bindingBytes)} at once; open the model with backend: 'wasm'`,
  );
}

/** The planes of `nRows` rows of a matrix. */
export function planesOf(tensor: Tensor, nRows: number): PlanePlace[] {
  let end = 0;
  return planeRowBytes(tensor.quant, matrixShape(tensor).cols).map((rowBytes) => {
    const offset = roundUp(end, BINDING_BYTES);
    const size = roundUp(nRows * rowBytes, 4);
    end = offset + size;
    return { offset, size, rowBytes };
  });
}

/** Bytes of the buffer of `nRows` rows. */
export function partBytes(tensor: Tensor, nRows: number): number {
  return greatest(planesOf(tensor, nRows).map(({ offset, size }) => offset + size));
}
