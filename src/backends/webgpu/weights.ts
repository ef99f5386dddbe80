import type { GpuMemory } from './memory.ts';

/** A piece of a buffer, as a bind group takes it. */
export interface Plane {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** The weights of a backend, on the device. */
export class Weights {
  /** Something small to bind where an input is left out. */
  readonly nothing: GPUBuffer;
  private readonly vectors = new Map<string, GPUBuffer>();
  private readonly matrices = new Map<string, readonly (readonly Plane[])[]>();

  constructor(memory: GpuMemory) {
    this.nothing = memory.storage('nothing', 16);
  }

  hasVector(name: string): boolean {
    return this.vectors.has(name);
  }

  /** `[cols]` f32 */
  vector(name: string): GPUBuffer {
    return this.vectors.get(name)!;
  }

  /** The planes of one part of a matrix, in the order of its type's bindings. */
  planes(name: string, part: number): readonly Plane[] {
    return this.matrices.get(name)![part]!;
  }

  addVector(name: string, buffer: GPUBuffer): void {
    this.vectors.set(name, buffer);
  }

  addMatrix(name: string, parts: readonly (readonly Plane[])[]): void {
    this.matrices.set(name, parts);
  }
}
