import { ResourceError } from '../../base/errors.ts';
import { counted, roundUp } from '../../base/numbers.ts';

/** Bits of GPUBufferUsage, which not every runtime has among its globals. */
export const usage = { mapRead: 1, copyFrom: 4, copyTo: 8, uniform: 64, storage: 128 } as const;

/** Offsets of bindings, at the most that a device may ask for. */
export const BINDING_BYTES = 256;

const SMALLER = "choose a smaller model, fewer positions (nCtx), or backend: 'wasm'";

/** What a device reports when a buffer is too large for it, and when there is no memory left. */
const SCOPES = ['validation', 'out-of-memory'] as const;

/** Bytes that a buffer takes. */
export const bufferBytes = (bytes: number): number => Math.max(16, roundUp(bytes, 16));

/** What was made of buffers that a device may not have room for. */
export interface Checked<T> {
  readonly made: T;
  /** Settles when the device has told. @throws ResourceError where it has no room */
  readonly room: Promise<void>;
}

/** The buffers of a backend, counted. */
export class GpuMemory {
  readonly device: GPUDevice;
  private readonly buffers = new Set<GPUBuffer>();
  /** Bytes of all buffers that are there. */
  bytes = 0;

  private readonly bindingBytes: number;

  /** @param bindingBytes the most that a kernel sees of a buffer. */
  constructor(device: GPUDevice, bindingBytes: number) {
    this.device = device;
    this.bindingBytes = bindingBytes;
  }

  /** A buffer of zeros for kernels, whose bytes can be copied. @throws ResourceError for one that no kernel could see as a whole */
  storage(label: string, bytes: number): GPUBuffer {
    if (bytes > this.bindingBytes) {
      const needed = `${label} needs ${counted(bytes)} bytes in one piece, the GPU takes ${counted(this.bindingBytes)}`;
      throw new ResourceError(`${needed}; ${SMALLER}`);
    }
    return this.create(label, bytes, usage.storage | usage.copyFrom | usage.copyTo);
  }

  /** A buffer of few numbers that are the same for all threads. */
  uniform(label: string, numbers: Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.create(label, numbers.byteLength, usage.uniform | usage.copyTo);
    this.device.queue.writeBuffer(buffer, 0, numbers);
    return buffer;
  }

  /** A buffer that this side reads. */
  readBack(label: string, bytes: number): GPUBuffer {
    return this.create(label, bytes, usage.mapRead | usage.copyTo);
  }

  /**
   * Makes buffers. Whether the device has room for them it says later, and goes on with buffers that are not there until somebody asks.
   * @throws ResourceError for a buffer that no kernel could see as a whole
   */
  checked<T>(what: string, make: () => T): Checked<T> {
    const [usedBytes, nBuffers] = [this.bytes, this.buffers.size];
    for (const filter of SCOPES) this.device.pushErrorScope(filter);
    let answers: Promise<(GPUError | null)[]>;
    let made: T;
    try {
      made = make();
    } catch (error) {
      for (const buffer of [...this.buffers].slice(nBuffers)) this.free(buffer);
      throw error;
    } finally {
      answers = Promise.all(SCOPES.map(() => this.device.popErrorScope()));
      answers.catch(() => undefined); // nobody waits where `make` throws
    }
    const wanted = `${counted(this.bytes - usedBytes)} bytes beside ${counted(usedBytes)} in use`;
    const room = answers.then((errors) => {
      const error = errors.find((each) => each !== null);
      if (error) throw new ResourceError(`the GPU has no room for ${what}, ${wanted} (${error.message}); ${SMALLER}`);
    });
    room.catch(() => undefined); // whoever waits for it is told
    return { made, room };
  }

  private create(label: string, bytes: number, usage: number): GPUBuffer {
    const size = bufferBytes(bytes);
    const buffer = this.device.createBuffer({ label, size, usage });
    this.buffers.add(buffer);
    this.bytes += size;
    return buffer;
  }

  free(buffer: GPUBuffer): void {
    if (!this.buffers.delete(buffer)) return;
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  /** Frees all of them. */
  dispose(): void {
    for (const buffer of this.buffers) this.free(buffer);
  }
}
