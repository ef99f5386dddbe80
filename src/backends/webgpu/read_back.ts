import type { Value } from '../../graph/graph.ts';
import type { GpuMemory } from './memory.ts';

const MAP_READ = 1;

/** Bytes in front of the logits: whether something was lost. */
const HEAD_BYTES = 16;

/**
 * What comes back from a device. Each run brings one small buffer: a word that says whether something was lost, and the logits behind it.
 */
export class ReadBack {
  private readonly memory: GpuMemory;
  private readonly lost: GPUBuffer;
  private buffer: GPUBuffer | undefined;
  private nFloats = 0;
  private value: Value | undefined;
  /** The logits that came last. */
  private floats = new Float32Array(0);

  /** @param lost one word that kernels set. */
  constructor(memory: GpuMemory, lost: GPUBuffer) {
    this.memory = memory;
    this.lost = lost;
  }

  /** Records the copies behind a run: of the first `nFloats` numbers of `value`. */
  record(encoder: GPUCommandEncoder, value: Value, from: GPUBuffer, nFloats: number): void {
    const bytes = HEAD_BYTES + 4 * nFloats;
    if (!this.buffer || this.buffer.size < bytes) {
      if (this.buffer) this.memory.free(this.buffer);
      this.buffer = this.memory.readBack('read back', bytes);
    }
    encoder.copyBufferToBuffer(this.lost, 0, this.buffer, 0, 4);
    if (nFloats > 0) encoder.copyBufferToBuffer(from, 0, this.buffer, HEAD_BYTES, 4 * nFloats);
    this.nFloats = nFloats;
    this.value = value;
  }

  /** Waits for the run; whether something was lost. */
  async isLost(): Promise<boolean> {
    const buffer = this.buffer!;
    await buffer.mapAsync(MAP_READ, 0, HEAD_BYTES + 4 * this.nFloats);
    const mapped = buffer.getMappedRange(0, HEAD_BYTES + 4 * this.nFloats);
    const isLost = new Uint32Array(mapped, 0, 1)[0] !== 0;
    if (this.floats.length !== this.nFloats) this.floats = new Float32Array(this.nFloats);
    this.floats.set(new Float32Array(mapped, HEAD_BYTES, this.nFloats));
    buffer.unmap();
    return isLost;
  }

  /** The numbers of a value that came with the last run; undefined where it was another, or others of it. */
  cameWith(value: Value, nFloats: number): Float32Array | undefined {
    return value === this.value && nFloats === this.nFloats ? this.floats : undefined;
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
    if (this.buffer) this.memory.free(this.buffer);
  }
}
