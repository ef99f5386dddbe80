import type { Best } from '../base/best.ts';
import type { ActivationKind } from '../graph/activations.ts';
import type { Graph, Node, Step, Value } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { GpuReport } from '../platform/gpu.ts';
import type { QuantType } from '../quants/quant_type.ts';

/** Fills `into` with a tensor's bytes from `offsetBytes` (relative to the tensor's first byte). */
export type ReadTensor = (tensor: Tensor, offsetBytes: number, into: Uint8Array) => Promise<void>;

export interface UploadOptions {
  readonly read: ReadTensor;
  /** The same, for what has been read before: whoever counts and hashes what comes by does so once. */
  readonly readAgain?: ReadTensor;
  /** For weights that do not stay in memory: reads them while programs run. */
  readonly readLater?: ReadTensor;
  /** Called with the bytes uploaded so far, of all tensors together. */
  readonly onProgress?: (doneBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How a program is looked into; what is not asked for costs nothing. */
export interface Look {
  /** Activations that can be read after a run, like the results: nothing else is written where they lie. */
  readonly keep?: readonly Value[];
  /** Called after each piece of work of a run, which is taken apart for it. */
  readonly onNode?: (work: NodeWork) => void;
}

/** What ran as one: a node, several that the backend fused, or a part of one that takes several kernels. */
export interface NodeWork {
  readonly nodes: readonly Node[];
  /** What did it, in the backend's own names. */
  readonly kernels: string;
  readonly ms: number;
  /** The rows that a node took or made: a view `[rows, cols]` that is valid during the call. */
  read(value: Value): Float32Array;
}

/** Runs graphs and owns the memory they touch. Knows nothing of model families. */
export interface Backend {
  /** `reference`, `webgpu`, or `wasm` with its kernel build; for status lines. */
  readonly name: string;
  /** The GPU that it runs on. */
  readonly gpu?: GpuReport | undefined;
  /** Why it runs on none, where one was wanted if it is faster. */
  readonly noGpu?: string;
  /** Threads that share the work of a node. */
  readonly threads: number;
  /** Why it is one thread where several were asked for. */
  readonly noThreads?: string | undefined;
  /** Whether a thread has died: nothing works any more. */
  readonly isDead?: boolean;
  /** Comes with the reason when nothing works any more, where that is known before somebody asks for something. */
  readonly died?: Promise<Error> | undefined;
  /** Where not all weights stay in memory. */
  readonly paging?: PagingPlan | undefined;
  /** How fine the activations are that it multiplies quantised weights with, at least. */
  readonly activations: ActivationKind;
  /** Why the backend cannot run this node, or undefined when it can. */
  unsupported(node: Node): string | undefined;
  /** Whether the backend can hold weights of this type. */
  supports(quant: QuantType): boolean;
  /** Brings the weights in, once, straight into place. */
  upload(weights: readonly Tensor[], options: UploadOptions): Promise<void>;
  /** Allocates a graph's activations, constants and states; throws `ResourceError` when they do not fit. */
  prepare(graph: Graph, look?: Look): Program;
  /** Frees everything; programs are dead afterwards. */
  dispose(): void | Promise<void>;
}

/** A graph with its memory: one session's working set. Nothing is allocated while it runs. */
export interface Program {
  /**
   * Runs every node for one step. A backend whose device is asynchronous returns a promise; `signal` stops a long step in its middle, and
   * what it has stored by then belongs to no text.
   * @throws the signal's reason
   */
  run(step: Step, signal?: AbortSignal): void | Promise<void>;
  /** The rows of a result, or of a value kept, after `run`: a view `[rows, cols]`, valid until the next `run`. */
  read(value: Value): Float32Array | Promise<Float32Array>;
  /** What came of a step with `nBest`, where the device found the best logits; undefined: `read` has all of them. */
  readBest?(): Best | undefined;
  /**
   * Of a device that works by itself: it begins with a step, and this returns at once. A `run` of the same step then waits for it, and a
   * `run` of any other lets go of what was begun. May do nothing.
   */
  runAhead?(step: BegunStep): void;
  /** Copies positions `[begin, end)` of a state out, as rows in the file layout of its quant type (f16, f32 or q8_0, little-endian). */
  readState(state: Value, begin: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** The reverse of `readState`. */
  writeState(state: Value, begin: number, rows: Uint8Array): void | Promise<void>;
  /** Room for a copy of some states, as they lie in memory. */
  copyOf(states: readonly Value[]): StateCopy;
  /**
   * Runs a step of each of several programs of one graph, this one's first, as one step: weights are read once for all. `read` of this one
   * then has the rows of all, in their order, until any program runs. Absent: programs of this graph run one after the other.
   * @throws where one of them cannot run; what was stored of the others may be stored again
   */
  readonly runTogether?: ((steps: readonly ProgramStep[]) => void | Promise<void>) | undefined;
  /** Whether what it made is gone as soon as any other program of the backend runs. */
  readonly sharesResults?: boolean;
  /**
   * How a state takes over what it is in another program of the graph, at least the rows before `end`: what comes back does so at once.
   * Absent: there is no short way.
   */
  taking?(): Promise<(state: Value, from: Program, end: number) => void>;
  /** What runs in its place. */
  readonly inner?: Program;
  /** Of a backend that reads weights when they are used: what came by so far. */
  readonly traffic?: Traffic | undefined;
  /** Of a device that tells later whether there is room for the program: settles then. @throws ResourceError */
  readonly room?: Promise<void> | undefined;
  /** Returns the memory. */
  dispose(): void;
}

/** A model that takes less memory than its weights do. */
export interface PagingPlan {
  /** The bytes that it takes: weights that stay, room for those that come by, keys and values, activations. */
  readonly memoryBytes: number;
  /** What a step of one token reads, as the file has it. */
  readonly bytesPerToken: number;
  /** The margin within which experts in memory are preferred: an approximation. Undefined: results are those of all of it in memory. */
  readonly preferCached?: number | undefined;
}

/** What has come by of weights that do not stay in memory. */
export interface Traffic {
  bytesRead: number;
  /** Milliseconds in which nothing could be computed, because bytes had not come. */
  waitMs: number;
  /** Milliseconds in which the threads packed what had come. */
  packMs: number;
  /** Experts that layers of a step chose, each once, and those of them that were in memory. */
  nChosen: number;
  nHits: number;
}

/** What one of several programs runs. */
export interface ProgramStep {
  readonly program: Program;
  readonly step: Step;
}

/** A step to begin with. Without tokens it has one: the likeliest behind the step before, which has to have `nBest: 1`. */
export type BegunStep = Omit<Step, 'tokens' | 'texts'> & { readonly tokens?: Int32Array | undefined };

/** States as they were when `take` was last called. */
export interface StateCopy {
  take(): void | Promise<void>;
  restore(): void | Promise<void>;
}
