import type { LimitJob } from './limit_kernels.ts';
import type { Task } from './timing.ts';

/** A ceiling of a CPU or a GPU; 16-bit floats are a GPU's. */
export type LimitName = LimitJob | 'f16';

/** How far a kernel's result is from the definition's. */
export interface Check {
  /** Largest difference, relative to the largest number expected. */
  readonly error: number;
  /** Above this the kernel is wrong. */
  readonly tolerance: number;
}

/** One line of the bench: checked first, then timed. */
export interface BenchCase extends Task {
  /** The first column: op, then type or shape. */
  readonly op: string;
  readonly check: () => Promise<Check>;
  /** Bytes of one run: those of the file for weights, otherwise those that go in and out. */
  readonly bytes: number;
  readonly macs: number;
  /** The ceilings that bound it: bytes over the first, multiply-adds over the second. */
  readonly limits: { readonly bytes: 'read' | 'copy'; readonly macs: LimitName };
  /** What did it, where its home tells. */
  readonly kernels?: string | undefined;
}
