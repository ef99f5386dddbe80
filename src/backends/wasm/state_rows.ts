import { floatToHalf, halfToFloat } from '../../base/half.ts';
import type { Heap } from './heap.ts';
import { rowBytes, type StatePlace } from './state_place.ts';
import { kvBlock } from './words.ts';

/** Positions `[begin, end)` one after the other in the file layout of their type, out of the order that attention wants. */
export function readRows(heap: Heap, place: StatePlace, begin: number, end: number): Uint8Array {
  const rows = new Uint8Array((end - begin) * rowBytes(place));
  const cache = new DataView(heap.memory.buffer, place.at);
  const move = movers[place.quant.name]!.read;
  const view = new DataView(rows.buffer);
  eachBlock(place, begin, end, (row, col, at) => move(place, cache, row, col, view, at));
  return rows;
}

/** The reverse: `rows` become positions `begin …`. */
export function writeRows(heap: Heap, place: StatePlace, begin: number, rows: Uint8Array): void {
  const end = begin + rows.byteLength / rowBytes(place);
  const cache = new DataView(heap.memory.buffer, place.at);
  const move = movers[place.quant.name]!.write;
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  eachBlock(place, begin, end, (row, col, at) => move(place, cache, row, col, view, at));
}

/** Moves the block of one row of the cache that begins at a column, to or from where it stands in `rows`. */
type Move = (place: StatePlace, cache: DataView, row: number, col: number, rows: DataView, at: number) => void;

/** By quant type; how caches lie is drawn in assembly/lib/kv_types.ts. */
const movers: Readonly<Record<string, { readonly read: Move; readonly write: Move }>> = {
  f32: {
    read: (place, cache, row, col, rows, at) => rows.setUint32(at, cache.getUint32(4 * indexOf(place, row, col))),
    write: (place, cache, row, col, rows, at) => cache.setUint32(4 * indexOf(place, row, col), rows.getUint32(at)),
  },
  f16: {
    read: (place, cache, row, col, rows, at) => rows.setUint16(at, cache.getUint16(2 * indexOf(place, row, col))),
    write: (place, cache, row, col, rows, at) => cache.setUint16(2 * indexOf(place, row, col), rows.getUint16(at)),
  },
  q8_0: {
    read(place, cache, row, col, rows, at) {
      const block = blockAt(place, row, col);
      rows.setUint16(at, floatToHalf(cache.getFloat32(block + 4 * (row % 4), true)), true);
      for (let i = 0; i < 32; i++) rows.setUint8(at + 2 + i, cache.getUint8(block + levelAt(place, row, i)));
    },
    write(place, cache, row, col, rows, at) {
      const block = blockAt(place, row, col);
      cache.setFloat32(block + 4 * (row % 4), halfToFloat(rows.getUint16(at, true)), true);
      for (let i = 0; i < 32; i++) cache.setUint8(block + levelAt(place, row, i), rows.getUint8(at + 2 + i));
    },
  },
};

/** Which number of the cache belongs to this row and column. */
function indexOf({ headDim, nPositions, interleave }: StatePlace, row: number, col: number): number {
  const lane = row % interleave;
  return (col - (col % headDim)) * nPositions + (row - lane) * headDim + (col % headDim) * interleave + lane;
}

function blockAt({ headDim, nPositions }: StatePlace, row: number, col: number): number {
  const head = (Math.floor(col / headDim) * nPositions) / 4;
  return ((head + Math.floor(row / 4)) * (headDim / 32) + (col % headDim) / 32) * kvBlock.bytes;
}

/** Offset in a q8_0 block of a row's level in column i: keys have columns side by side, values positions. */
function levelAt({ interleave }: StatePlace, row: number, i: number): number {
  const [lane, column] = [row % 4, i % 4];
  return kvBlock.levels + 4 * (i - column) + (interleave === 4 ? 4 * lane + column : 4 * column + lane);
}

/** Calls `move` with the cache's row and the first column of every block, and where the block stands among `rows`. */
function eachBlock(
  place: StatePlace,
  begin: number,
  end: number,
  move: (row: number, col: number, at: number) => void,
) {
  const { cols, quant, nPositions } = place;
  let at = 0;
  for (let pos = begin; pos < end; pos++) {
    const row = pos % nPositions;
    for (let col = 0; col < cols; col += quant.blockSize, at += quant.blockBytes) move(row, col, at);
  }
}
