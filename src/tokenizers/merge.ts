/**
 * Byte-pair merging, shared by BPE and SentencePiece: of all neighbours that may join, the best-ranked pair joins first
 * (the leftmost of equals), until none is left. O(n log n): a linked list of symbols and a heap of candidate pairs.
 */

/** Which neighbours may join, how early, and what they become. A pair is named by its index in `rank` and `joined`. */
export interface MergeTable {
  /** The pair's index, or a negative number where the two never join. */
  find(left: number, right: number): number;
  /** Lower joins first. Below 2^24. */
  readonly rank: Int32Array;
  /** The symbol that the pair becomes. */
  readonly joined: Int32Array;
}

/** Merges `symbols[0 .. n)` in place and returns how many are left. */
export type Merger = (symbols: Int32Array, n: number) => number;

/** A heap key is `rank * span + position`, one exact double: rank decides, then position. */
const span = 2 ** 29;

/** Words up to this long share one scratch area; a longer one brings its own, given back afterwards. */
const sharedLength = 1024;

export function createMerger(table: MergeTable): Merger {
  const shared = createScratch(sharedLength);
  return (symbols, n) => (n < 2 ? n : merge(symbols, n, table, n <= sharedLength ? shared : createScratch(n)));
}

interface Scratch {
  /** `[n]` neighbours of the symbol at each position; `next` is n after the last, `prev` -1 before the first. */
  readonly next: Int32Array;
  readonly prev: Int32Array;
  /** `[n]` the pair formed by the symbol here and its next one, negative where they never join. */
  readonly pair: Int32Array;
  /** `[2 n]` each merge takes one key out and puts at most two in, so there are never more. */
  readonly heap: Float64Array;
}

function createScratch(n: number): Scratch {
  return { next: new Int32Array(n), prev: new Int32Array(n), pair: new Int32Array(n), heap: new Float64Array(2 * n) };
}

function merge(symbols: Int32Array, n: number, { find, rank, joined }: MergeTable, scratch: Scratch): number {
  const { next, prev, pair, heap } = scratch;
  let heapSize = 0;
  for (let i = 0; i < n; i++) {
    prev[i] = i - 1;
    next[i] = i + 1;
    pair[i] = i + 1 < n ? find(symbols[i]!, symbols[i + 1]!) : -1;
    if (pair[i]! >= 0) heapSize = push(heap, heapSize, rank[pair[i]!]! * span + i);
  }
  while (heapSize > 0) {
    const key = heap[0]!;
    heapSize = pop(heap, heapSize);
    const left = key % span;
    const index = pair[left]!;
    // A key outlives its pair when one of the two symbols has joined another one meanwhile.
    if (index < 0 || rank[index] !== (key - left) / span) continue;
    const right = next[left]!;
    const after = next[right]!;
    const before = prev[left]!;
    symbols[left] = joined[index]!;
    pair[right] = -1;
    next[left] = after;
    if (after < n) prev[after] = left;
    pair[left] = after < n ? find(symbols[left]!, symbols[after]!) : -1;
    if (pair[left]! >= 0) heapSize = push(heap, heapSize, rank[pair[left]!]! * span + left);
    if (before < 0) continue;
    pair[before] = find(symbols[before]!, symbols[left]!);
    if (pair[before]! >= 0) heapSize = push(heap, heapSize, rank[pair[before]!]! * span + before);
  }
  let count = 0;
  for (let i = 0; i < n; i = next[i]!) symbols[count++] = symbols[i]!;
  return count;
}

/** Adds a key to the binary min-heap of `size` keys and returns the new size. */
function push(heap: Float64Array, size: number, key: number): number {
  let i = size;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]! <= key) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = key;
  return size + 1;
}

/** Takes the smallest key off and returns the new size. */
function pop(heap: Float64Array, size: number): number {
  const last = size - 1;
  const key = heap[last]!;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= last) break;
    if (child + 1 < last && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= key) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = key;
  return last;
}
