import { elementsOf, type Tensor } from '../../graph/tensor.ts';
import type { GpuMemory } from './memory.ts';
import { firstRowOf, type Join, type Joins } from './joins.ts';
import { partBytes, partsOf, planesOf, type Part } from './parts.ts';

/** A piece of a buffer, as a bind group takes it. */
export interface Plane {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Rows of a matrix, and where they lie. */
export interface MatrixPart extends Part, Rows {
  /** The row of its planes at which it begins. */
  readonly firstRow: number;
}

/** A buffer with rows of matrices. */
interface Rows {
  readonly buffer: GPUBuffer;
  readonly nRows: number;
  /** In the order of the type's bindings. */
  readonly planes: readonly Plane[];
}

/** The weights of a backend, on the device. */
export class Weights {
  /** Something small to bind where an input is left out. */
  readonly nothing: GPUBuffer;
  private readonly memory: GpuMemory;
  private readonly plain: ReadonlySet<string>;
  private readonly joins: Joins;
  private readonly bindingBytes: number;
  private readonly joined = new Map<Join, Rows>();
  private readonly vectors = new Map<string, GPUBuffer>();
  private readonly matrices = new Map<string, readonly MatrixPart[]>();
  private readonly shapes = new Map<string, GPUBuffer>();

  /**
   * @param plain names from `plainWeights`.
   * @param bindingBytes the most that a kernel sees of a buffer.
   */
  constructor(memory: GpuMemory, plain: ReadonlySet<string>, joins: Joins, bindingBytes: number) {
    this.memory = memory;
    this.plain = plain;
    this.joins = joins;
    this.bindingBytes = bindingBytes;
    this.nothing = memory.storage('nothing', 16);
  }

  /** Whether a weight lies on the device as plain f32 numbers: vectors do, and matrices that kernels take as such. */
  isPlain({ name, shape }: Tensor): boolean {
    return shape.length === 1 || this.plain.has(name);
  }

  /** What kernels read of a matrix's shape; matrices of the same shape have the same buffer. */
  shape(numbers: Uint32Array<ArrayBuffer>): GPUBuffer {
    const key = numbers.join();
    if (!this.shapes.has(key)) this.shapes.set(key, this.memory.uniform('shape', numbers));
    return this.shapes.get(key)!;
  }

  /** Makes the buffers of weights, before any of their bytes is read. @throws ResourceError where the device has no room. */
  async reserve(tensors: readonly Tensor[]): Promise<void> {
    const { room } = this.memory.checked('the weights', () => {
      for (const tensor of tensors) {
        const { name } = tensor;
        if (this.isPlain(tensor)) this.vectors.set(name, this.memory.storage(name, elementsOf(tensor) * 4));
        else this.matrices.set(name, this.makeParts(tensor));
      }
    });
    await room;
  }

  private makeParts(tensor: Tensor): MatrixPart[] {
    const join = this.joins.get(tensor.name);
    return partsOf(tensor, this.bindingBytes).map((part) => {
      if (!join) return { ...part, ...this.makeRows(tensor, part.rowEnd - part.rowBegin), firstRow: 0 };
      if (!this.joined.has(join)) this.joined.set(join, this.makeRows(join.whole, join.whole.shape[0]!));
      return { ...part, ...this.joined.get(join)!, firstRow: firstRowOf(join, tensor.name) };
    });
  }

  private makeRows(tensor: Tensor, nRows: number): Rows {
    const buffer = this.memory.storage(tensor.name, partBytes(tensor, nRows));
    const planes = planesOf(tensor, nRows).map(({ offset, size }) => ({ buffer, offset, size }));
    return { buffer, nRows, planes };
  }

  hasVector(name: string): boolean {
    return this.vectors.has(name);
  }

  /** `[elements]` f32 */
  vector(name: string): GPUBuffer {
    return this.vectors.get(name)!;
  }

  /** The parts of a matrix, in the order of `partsOf`. */
  parts(name: string): readonly MatrixPart[] {
    return this.matrices.get(name)!;
  }

  /** The planes of one part of a matrix, in the order of its type's bindings. */
  planes(name: string, part: number): readonly Plane[] {
    return this.parts(name)[part]!.planes;
  }
}
