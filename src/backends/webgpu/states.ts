import type { Value } from '../../graph/graph.ts';
import type { StateCopy } from '../backend.ts';
import type { Rings } from '../rings.ts';
import type { Slot } from './calls.ts';
import type { Gpu } from './device.ts';
import type { GpuMemory } from './memory.ts';
import type { ReadBack } from './read_back.ts';
import { fileRowBytes, layoutOf, type StateLayout } from './state_layout.ts';

/** What a program's states are made of. */
export interface StatesHome {
  readonly home: { readonly gpu: Gpu; readonly memory: GpuMemory };
  readonly slots: ReadonlyMap<Value, Slot>;
  readonly buffers: ReadonlyMap<Slot, GPUBuffer>;
  readonly readBack: ReadBack;
  readonly rings: Rings;
}

/** Where a state lies. */
interface StatePlace {
  readonly buffer: GPUBuffer;
  readonly nPositions: number;
  /** Of the file layout. */
  readonly rowBytes: number;
  readonly layout: StateLayout;
  /** Where each plane begins, and the bytes of a row in it. */
  readonly planes: readonly { readonly offset: number; readonly width: number }[];
}

/** The states of a program, as they come from files and go there. */
export class States {
  private readonly own: StatesHome;
  private readonly copies = new Set<GPUBuffer>();

  constructor(own: StatesHome) {
    this.own = own;
  }

  async read(state: Value, begin: number, end: number): Promise<Uint8Array> {
    const { rowBytes, nPositions, planes, layout, buffer } = this.at(state);
    const rows = new Uint8Array((end - begin) * rowBytes);
    for (const { from, to, nRows } of stretches(begin, end, nPositions)) {
      const parts: Uint8Array[] = [];
      for (const { offset, width } of planes) {
        parts.push(await this.own.readBack.bytes(buffer, offset + from * width, nRows * width));
      }
      layout.putTogether(parts, rows.subarray((to - begin) * rowBytes, (to - begin + nRows) * rowBytes));
    }
    return rows;
  }

  async write(state: Value, begin: number, rows: Uint8Array): Promise<void> {
    const { rowBytes, nPositions, planes, layout, buffer } = this.at(state);
    const end = begin + rows.length / rowBytes;
    for (const { from, to, nRows } of stretches(begin, end, nPositions)) {
      const parts = layout.takeApart(rows.subarray((to - begin) * rowBytes, (to - begin + nRows) * rowBytes));
      for (const [i, { offset, width }] of planes.entries()) {
        await this.writeBytes(buffer, offset + from * width, parts[i]!);
      }
    }
    this.own.rings.wrote(state, begin, end);
  }

  /** Writes any bytes of a buffer. A device takes whole words, so the rest of those at both ends is read before. */
  private async writeBytes(buffer: GPUBuffer, offset: number, bytes: Uint8Array): Promise<void> {
    const { home, readBack } = this.own;
    const begin = Math.floor(offset / 4) * 4;
    const end = Math.ceil((offset + bytes.length) / 4) * 4;
    const isWhole = begin === offset && end === offset + bytes.length;
    const words = isWhole ? bytes.slice() : await readBack.bytes(buffer, begin, end - begin);
    words.set(bytes, offset - begin);
    home.gpu.device.queue.writeBuffer(buffer, begin, words);
  }

  private at(state: Value): StatePlace {
    const slot = this.own.slots.get(state);
    if (slot?.role !== 'state') throw new TypeError(`${state.name} is no state of this graph`);
    const nPositions = state.shape[0]!;
    const rowBytes = fileRowBytes(state);
    const layout = layoutOf(state);
    let end = 0;
    const planes = layout.widths(rowBytes).map((width) => {
      const offset = end;
      end += nPositions * width;
      return { offset, width };
    });
    return { rowBytes, nPositions, layout, planes, buffer: this.own.buffers.get(slot)! };
  }

  copyOf(states: readonly Value[]): StateCopy {
    const { memory, gpu } = this.own.home;
    const { made: pairs, room } = memory.checked('a copy of states', () =>
      states.map((state) => {
        const from = this.at(state).buffer;
        const copy = memory.storage(`copy of ${state.name}`, from.size);
        this.copies.add(copy);
        return { from, copy };
      }),
    );
    room.catch(() => this.freeCopies(pairs.map(({ copy }) => copy)));
    const rings = this.own.rings.copyOf(states);
    const move = (way: 'take' | 'restore'): void => {
      const encoder = gpu.device.createCommandEncoder();
      for (const { from, copy } of pairs) {
        const [source, target] = way === 'take' ? [from, copy] : [copy, from];
        encoder.copyBufferToBuffer(source, 0, target, 0, source.size);
      }
      gpu.device.queue.submit([encoder.finish()]);
      rings[way]();
    };
    return { take: () => room.then(() => move('take')), restore: () => move('restore') };
  }

  dispose(): void {
    this.freeCopies([...this.copies]);
  }

  private freeCopies(copies: readonly GPUBuffer[]): void {
    for (const copy of copies) {
      this.copies.delete(copy);
      this.own.home.memory.free(copy);
    }
  }
}

interface Stretch {
  /** Row of the buffer. */
  readonly from: number;
  /** Position. */
  readonly to: number;
  readonly nRows: number;
}

/** Positions `[begin, end)` as they lie in a ring of `nPositions` rows. */
function* stretches(begin: number, end: number, nPositions: number): Generator<Stretch> {
  for (let to = begin; to < end;) {
    const from = to % nPositions;
    const nRows = Math.min(end - to, nPositions - from);
    yield { from, to, nRows };
    to += nRows;
  }
}
