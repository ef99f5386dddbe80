import type { Heap } from './heap.ts';

/** A cache in memory; how it lies there is drawn in assembly/lib/kv_types.ts. */
export interface StatePlace {
  readonly at: number;
  readonly cols: number;
  readonly elementBytes: number;
  /** Positions whose numbers alternate: 4 for keys, 1 for values. */
  readonly interleave: number;
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

function copy(
  { cols, interleave }: StatePlace,
  begin: number,
  end: number,
  move: (inCache: number, inRows: number) => void,
) {
  for (let pos = begin; pos < end; pos++) {
    const lane = pos % interleave;
    const first = (pos - lane) * cols + lane;
    for (let i = 0; i < cols; i++) move(first + i * interleave, (pos - begin) * cols + i);
  }
}
