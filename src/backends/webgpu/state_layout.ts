import { floatToHalf, halfToFloat } from '../../base/half.ts';
import { bytesOf } from '../../graph/tensor.ts';
import type { Value } from '../../graph/graph.ts';

/**
 * How the rows of a state lie on a device: in planes, one behind the other, each of which has its part of every row. The rows that come
 * from a file, or go there, are taken apart and put together.
 */
export interface StateLayout {
  /** Bytes of a row in each plane, of so many in the file layout. */
  readonly widths: (rowBytes: number) => readonly number[];
  /** Rows in the file layout -> the same rows in each plane. */
  readonly takeApart: (rows: Uint8Array) => readonly Uint8Array[];
  readonly putTogether: (planes: readonly Uint8Array[], rows: Uint8Array) => void;
}

const asInFiles: StateLayout = {
  widths: (rowBytes) => [rowBytes],
  takeApart: (rows) => [rows],
  putTogether: ([plane], rows) => rows.set(plane!),
};

const LEVELS = 32;
const BLOCK = LEVELS + 2;

/** Levels apart from their scales, which are floats there: see kernels/caches/q8_0.wgsl. */
const levelsAndScales: StateLayout = {
  widths: (rowBytes) => [(rowBytes / BLOCK) * LEVELS, (rowBytes / BLOCK) * 4],
  takeApart(rows) {
    const nBlocks = rows.length / BLOCK;
    const [levels, scales] = [new Uint8Array(nBlocks * LEVELS), new Float32Array(nBlocks)];
    for (let i = 0; i < nBlocks; i++) {
      scales[i] = halfToFloat(rows[i * BLOCK]! | (rows[i * BLOCK + 1]! << 8));
      levels.set(rows.subarray(i * BLOCK + 2, (i + 1) * BLOCK), i * LEVELS);
    }
    return [levels, new Uint8Array(scales.buffer)];
  },
  putTogether([levels, scaleBytes], rows) {
    const scales = new DataView(scaleBytes!.buffer, scaleBytes!.byteOffset);
    for (let i = 0; i < rows.length / BLOCK; i++) {
      const half = floatToHalf(scales.getFloat32(4 * i, true));
      rows[i * BLOCK] = half;
      rows[i * BLOCK + 1] = half >> 8;
      rows.set(levels!.subarray(i * LEVELS, (i + 1) * LEVELS), i * BLOCK + 2);
    }
  },
};

const layouts: Readonly<Record<string, StateLayout>> = { q8_0: levelsAndScales };

/** The layout of a state. */
export const layoutOf = ({ quant }: Pick<Value, 'quant'>): StateLayout => layouts[quant.name] ?? asInFiles;

/** Bytes of a row of a state in the file layout of its type. */
export const fileRowBytes = (state: Value): number => bytesOf(state, state.shape[1]!);

/** Bytes of a state on the device. */
export function stateBytes(state: Value): number {
  const widths = layoutOf(state).widths(fileRowBytes(state));
  return state.shape[0]! * widths.reduce((sum, width) => sum + width, 0);
}
