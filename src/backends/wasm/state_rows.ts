import type { Heap } from './heap.ts';
import type { StateLayout } from './lower.ts';

/** A cache in memory. */
export interface StatePlace extends StateLayout {
  readonly at: number;
  readonly cols: number;
  readonly elementBytes: number;
}

/** Rows `[begin, end)` one after the other, out of their interleaved order. */
export function readRows(heap: Heap, place: StatePlace, begin: number, end: number): Uint8Array {
  const rowBytes = place.cols * place.elementBytes;
  const rows = new Uint8Array((end - begin) * rowBytes);
  const cache = elements(place.elementBytes, heap.memory.buffer, place.at);
  const plain = elements(place.elementBytes, rows.buffer, 0);
  copy(place, begin, end, (inCache, inRows) => (plain[inRows] = cache[inCache]!));
  return rows;
}

/** The reverse: `rows` become positions `begin …`. */
export function writeRows(heap: Heap, place: StatePlace, begin: number, rows: Uint8Array): void {
  const end = begin + rows.byteLength / (place.cols * place.elementBytes);
  const cache = elements(place.elementBytes, heap.memory.buffer, place.at);
  const plain = elements(place.elementBytes, rows.slice().buffer, 0); // aligned
  copy(place, begin, end, (inCache, inRows) => (cache[inCache] = plain[inRows]!));
}

/** The bits of each element as one integer. */
function elements(elementBytes: number, buffer: ArrayBufferLike, at: number): Uint16Array | Uint32Array {
  return elementBytes === 2 ? new Uint16Array(buffer, at) : new Uint32Array(buffer, at);
}

/** Calls `move` with the index of every number of the rows, in the cache and in the plain rows. */
function copy(place: StatePlace, begin: number, end: number, move: (inCache: number, inRows: number) => void) {
  const { cols, headDim, nPositions, interleave } = place;
  for (let pos = begin; pos < end; pos++) {
    const lane = pos % interleave;
    for (let col = 0; col < cols; col++) {
      const head = (col - (col % headDim)) * nPositions;
      const inHead = (pos - lane) * headDim + (col % headDim) * interleave + lane;
      move(head + inHead, (pos - begin) * cols + col);
    }
  }
}
