import type { Value } from '../../graph/graph.ts';
import type { Heap } from './heap.ts';

interface Entry {
  readonly data: Float32Array;
  readonly at: number;
  nUsers: number;
}

/** Constants in memory, each once: sessions of one model share a graph, or have graphs with the same constants. */
export class SharedConstants {
  private readonly heap: Heap;
  private entries: Entry[] = [];

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** Address of a constant's numbers. @throws ResourceError when they do not fit. */
  acquire({ name, data }: Value): number {
    let entry = this.entries.find((candidate) => isSame(candidate.data, data!));
    if (!entry) {
      entry = { data: data!, at: this.heap.allocate(data!.byteLength, name), nUsers: 0 };
      this.heap.floats.set(data!, entry.at / 4);
      this.entries.push(entry);
    }
    entry.nUsers++;
    return entry.at;
  }

  release({ data }: Value): void {
    const entry = this.entries.find((candidate) => isSame(candidate.data, data!))!;
    if (--entry.nUsers > 0) return;
    this.heap.release(entry.at);
    this.entries = this.entries.filter((other) => other !== entry);
  }
}

const isSame = (a: Float32Array, b: Float32Array): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => Object.is(x, b[i])));
