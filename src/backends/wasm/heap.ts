import { ResourceError } from '../../base/errors.ts';
import { counted } from '../../base/numbers.ts';
import { requestMemory, SMALLER } from './kernels.ts';
import { aligned } from './aligned.ts';

import type { MemoryPlan, Region } from './plan.ts';

const PAGE_BYTES = 65536;
/** As far as 32-bit addresses reach. */
const MAX_PAGES = 65536;
export const MAX_BYTES = MAX_PAGES * PAGE_BYTES;

/** Until a collection has had its chance. */
const RETRY_MS = 1000;

/**
 * The backend's memory, and views of it. It is allocated once, with all that the plan says: where memory grows, Safari copies all of it
 * (7 to 12 ms for 64 MB), and a page that nobody wrote to costs nothing anyway.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly ints: Int32Array;
  readonly floats: Float32Array;
  private readonly programs: Region;
  /** Regions in use, by address. */
  private taken: Region[] = [];

  /** @throws ResourceError when the memory cannot be had. */
  constructor(plan: MemoryPlan, memory: WebAssembly.Memory) {
    this.programs = plan.programs;
    this.memory = memory;
    this.ints = new Int32Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
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
    this.taken.splice(index, 0, { begin: at, bytes: size });
    return at;
  }

  release(begin: number): void {
    this.taken = this.taken.filter((region) => region.begin !== begin);
  }

  bytes(begin: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, begin, length);
  }
}

/**
 * The whole memory of a plan. What the last page or the last model had may not be collected yet: a device that says no is asked once more.
 * @throws ResourceError when it cannot be had.
 */
export async function allocateMemory(plan: MemoryPlan, shared: boolean): Promise<WebAssembly.Memory> {
  const { maxSessions, maximumBytes } = plan;
  const { weightBytes, stateBytes } = plan.parts;
  const stateSum = stateBytes * maxSessions;
  const sessions = maxSessions === 1 ? '' : ` in ${maxSessions} sessions`;
  const wanted =
    `this model needs ${count(maximumBytes)} bytes of memory: weights ${count(weightBytes)}` +
    ` + keys and values ${count(stateSum)}${sessions} + work ${count(maximumBytes - weightBytes - stateSum)}`;
  if (maximumBytes > MAX_BYTES)
    throw new ResourceError(`${wanted}; WebAssembly has at most 4 GiB: ${SMALLER}; or open it with memory: 'auto'`);
  const request = () => requestMemory({ ...pagesOf(maximumBytes), shared }, wanted);
  try {
    return request();
  } catch {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return request();
  }
}

/** What a memory of so many bytes is made of: all of it at once. */
export const pagesOf = (bytes: number): { initial: number; maximum: number } => {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return { initial: pages, maximum: pages };
};

const count = (n: number): string => counted(Math.ceil(n));
