import { ResourceError } from '../../base/errors.ts';
import { counted } from '../../base/numbers.ts';
import { requestMemory, SMALLER } from './kernels.ts';
import { aligned } from './aligned.ts';

import type { MemoryPlan, Region } from './plan.ts';

const PAGE_BYTES = 65536;
/** As far as 32-bit addresses reach. */
const MAX_PAGES = 65536;
export const MAX_BYTES = MAX_PAGES * PAGE_BYTES;

const pages = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);

/** The backend's memory, grown as programs are made, and views of it. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  private readonly programs: Region;
  /** Regions in use, by address. */
  private taken: Region[] = [];
  private buffer: ArrayBufferLike;
  /** Views of the whole memory, renewed when it grows. */
  ints: Int32Array;
  floats: Float32Array;

  /** @throws ResourceError when the memory cannot be had. */
  constructor(plan: MemoryPlan, shared: boolean) {
    this.programs = plan.programs;
    this.memory = allocateMemory(plan, shared);
    this.buffer = this.memory.buffer;
    this.ints = new Int32Array(this.buffer);
    this.floats = new Float32Array(this.buffer);
  }

  /** First gap that is large enough. @throws ResourceError when there is none. */
  allocate(bytes: number, what: string): number {
    const size = aligned(bytes);
    let at = this.programs.begin;
    let index = 0;
    for (; index < this.taken.length; index++) {
      const next = this.taken[index]!;
      if (at + size <= next.begin) break;
      at = next.begin + next.bytes;
    }
    if (at + size > this.programs.begin + this.programs.bytes) {
      const wanted = `${what} needs ${count(bytes)} more bytes than were set aside`;
      throw new ResourceError(
        `${wanted}; close a session, or open the model with a higher maxSessions or smaller nCtx`,
      );
    }
    this.growTo(at + size, what);
    this.taken.splice(index, 0, { begin: at, bytes: size });
    return at;
  }

  release(begin: number): void {
    this.taken = this.taken.filter((region) => region.begin !== begin);
  }

  private growTo(end: number, what: string): void {
    const missing = pages(end) - this.memory.buffer.byteLength / PAGE_BYTES;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      const wanted = `${what} needs ${count(missing * PAGE_BYTES)} more bytes, which this device would not give`;
      throw new ResourceError(`${wanted}; ${SMALLER}`, { cause });
    }
    this.buffer = this.memory.buffer;
    this.ints = new Int32Array(this.buffer);
    this.floats = new Float32Array(this.buffer);
  }

  bytes(begin: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, begin, length);
  }
}

function allocateMemory(plan: MemoryPlan, shared: boolean): WebAssembly.Memory {
  const { maxSessions, maximumBytes } = plan;
  const { weightBytes, stateBytes } = plan.parts;
  const stateSum = stateBytes * maxSessions;
  const sessions = maxSessions === 1 ? '' : ` in ${maxSessions} sessions`;
  const wanted =
    `this model needs ${count(maximumBytes)} bytes of memory: weights ${count(weightBytes)}` +
    ` + keys and values ${count(stateSum)}${sessions} + work ${count(maximumBytes - weightBytes - stateSum)}`;
  const maximum = pages(plan.maximumBytes);
  if (maximum > MAX_PAGES) throw new ResourceError(`${wanted}; WebAssembly has at most 4 GiB: ${SMALLER}`);
  return requestMemory({ initial: pages(plan.initialBytes), maximum, shared }, wanted);
}

const count = (n: number): string => counted(Math.ceil(n));
