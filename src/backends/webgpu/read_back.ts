import { ResourceError } from '../../base/errors.ts';
import type { GpuMemory } from './memory.ts';
import { NTH_AT, type StepBuffer } from './step_buffer.ts';

const MAP_READ = 1;

/** Bytes in front of the numbers: whether something was lost, and of which step they are. */
const HEAD_BYTES = 16;

/** A piece of a buffer that comes back with a run. */
export interface Wanted {
  readonly from: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** What comes back from one run. */
export interface Reading {
  readonly buffer: GPUBuffer;
  /** Of what was wanted. */
  readonly bytes: number;
  /** The step, counted by its buffer. */
  readonly nth: number;
  /** The buffer can be read; undefined: the run was not submitted yet. */
  mapped?: Promise<void>;
}

/**
 * What comes back from a device. Each run brings one small buffer:
 *
 *     | lost | nth | - | - | what was wanted …     nth: the step that this is of, as the device had it
 *
 * A run may begin before the one before it was read, so there is a buffer for each of them.
 */
export class ReadBack {
  private readonly memory: GpuMemory;
  private readonly lost: GPUBuffer;
  private readonly step: StepBuffer;
  /** Buffers that no run uses. */
  private free: GPUBuffer[] = [];
  private disposed = false;

  /** @param lost one word that kernels set. */
  constructor(memory: GpuMemory, lost: GPUBuffer, step: StepBuffer) {
    this.memory = memory;
    this.lost = lost;
    this.step = step;
  }

  /** Records the copies behind a run. */
  record(encoder: GPUCommandEncoder, wanted?: Wanted): Reading {
    const bytes = wanted?.bytes ?? 0;
    const buffer = this.take(HEAD_BYTES + bytes);
    encoder.copyBufferToBuffer(this.lost, 0, buffer, 0, 4);
    encoder.copyBufferToBuffer(this.step.buffer, NTH_AT, buffer, 4, 4);
    if (wanted && bytes > 0) encoder.copyBufferToBuffer(wanted.from, wanted.offset, buffer, HEAD_BYTES, bytes);
    return { buffer, bytes, nth: this.step.nth };
  }

  private take(bytes: number): GPUBuffer {
    const found = this.free.findIndex(({ size }) => size >= bytes);
    if (found >= 0) return this.free.splice(found, 1)[0]!;
    for (const small of this.free.splice(0)) this.memory.free(small);
    return this.memory.readBack('read back', bytes);
  }

  /** The run was submitted. */
  submitted(reading: Reading): void {
    reading.mapped = reading.buffer.mapAsync(MAP_READ, 0, HEAD_BYTES + reading.bytes);
    reading.mapped.catch(() => undefined); // whoever waits is told
  }

  /** Waits for a run, and hands out what came with it. @returns whether something was lost @throws ResourceError for what is of another run */
  async arrived(reading: Reading, use: (words: Uint32Array) => void): Promise<boolean> {
    const { buffer, bytes, nth } = reading;
    await reading.mapped;
    const words = new Uint32Array(buffer.getMappedRange(0, HEAD_BYTES + bytes));
    const isLost = words[0] !== 0;
    const isOfRun = words[1] === nth;
    if (isOfRun) use(words.subarray(HEAD_BYTES / 4));
    this.giveBack(buffer);
    if (isOfRun) return isLost;
    throw new ResourceError(
      "the GPU did not run a step: what came back is of an earlier one; open the model with backend: 'wasm'",
    );
  }

  /** Nobody waits for this run. */
  letGo({ buffer, mapped }: Reading): void {
    mapped?.then(
      () => this.giveBack(buffer),
      () => this.memory.free(buffer),
    );
  }

  private giveBack(buffer: GPUBuffer): void {
    buffer.unmap();
    if (this.disposed) this.memory.free(buffer);
    else this.free.push(buffer);
  }

  /** Some bytes of a buffer, now. Kernels know words only, so that offsets and sizes need not be whole ones here. */
  async bytes(from: GPUBuffer, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    if (bytes === 0) return new Uint8Array(0);
    const begin = Math.floor(offset / 4) * 4;
    const size = Math.ceil((offset + bytes - begin) / 4) * 4;
    const buffer = this.memory.readBack('some bytes', size);
    try {
      const encoder = this.memory.device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, begin, buffer, 0, size);
      this.memory.device.queue.submit([encoder.finish()]);
      await buffer.mapAsync(MAP_READ, 0, size);
      return new Uint8Array(buffer.getMappedRange(0, size)).slice(offset - begin, offset - begin + bytes);
    } finally {
      this.memory.free(buffer);
    }
  }

  dispose(): void {
    this.disposed = true;
    for (const buffer of this.free.splice(0)) this.memory.free(buffer);
  }
}
