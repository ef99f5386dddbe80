/** The functions of limits.as, each bound to one thread's part of the memory. Runs in Node and in a page. */

/** A thread's own memory: operands for the peaks, and bytes to copy. */
export const PRIVATE_BYTES = 1 << 20;

/**
 * Every byte of the memory: seven bits for the integer products, and 0.75 as floats (tiny ones would be slow). It is not
 * zero, because memory that was never written to is one page, read again and again.
 */
export const OPERAND = 0x3f;

/** Half of the bytes that `copy` touches; all of them fit in the L2 cache. */
const COPY_BYTES = 128 << 10;

/** Loops of one run: about a millisecond. */
const LOOPS = { copy: 100, dot: 25_000, dot16: 25_000, f32: 25_000 };

export const limitNames = ['read', 'copy', 'dot', 'dot16', 'f32'] as const;

export type LimitJob = (typeof limitNames)[number];

/** One run of each, and its bytes or multiply-adds. */
export type LimitKernels = Readonly<Record<LimitJob, { readonly run: () => void; readonly amount: number }>>;

export interface LimitShare {
  readonly thread: number;
  readonly threads: number;
  /** Bytes that this thread reads. */
  readonly sweepBytes: number;
}

/** Where the memory begins that `read` sweeps over. */
export const SWEEP_AT = (threads: number): number => threads * PRIVATE_BYTES;

type Exports = Readonly<
  Record<
    'read' | 'copy' | 'dot' | 'dot16' | 'f32_dot' | 'dot_macs' | 'dot16_macs' | 'f32_macs',
    (...args: number[]) => number
  >
>;

export function limitKernels(module: WebAssembly.Module, memory: WebAssembly.Memory, share: LimitShare): LimitKernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { read, copy, dot, dot16, f32_dot, dot_macs, dot16_macs, f32_macs } = exports as unknown as Exports;
  const { thread, threads, sweepBytes } = share;
  const own = thread * PRIVATE_BYTES;
  const sweepAt = SWEEP_AT(threads) + thread * sweepBytes;
  return {
    read: { run: () => void read(sweepAt, sweepBytes), amount: sweepBytes },
    copy: { run: () => void copy(own, COPY_BYTES, LOOPS.copy), amount: 2 * COPY_BYTES * LOOPS.copy },
    dot: { run: () => void dot(own, LOOPS.dot), amount: dot_macs() * LOOPS.dot },
    dot16: { run: () => void dot16(own, LOOPS.dot16), amount: dot16_macs() * LOOPS.dot16 },
    f32: { run: () => void f32_dot(own, LOOPS.f32), amount: f32_macs() * LOOPS.f32 },
  };
}
