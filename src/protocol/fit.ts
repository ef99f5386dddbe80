import type { KvType } from '../graph/layer_state.ts';
import type { GpuFit } from '../platform/gpu.ts';
import type { DeviceMemory, PlainSource } from '../platform/platform.ts';
import type { OpenOptions } from './open.ts';

/** The options of opening that decide how much memory a model takes, and how fast it is. */
export type FitOptions = Pick<
  OpenOptions,
  'nCtx' | 'kvType' | 'activations' | 'threads' | 'build' | 'maxSessions' | 'maxLogits' | 'backend'
>;

/** Bytes that a model takes once it is opened. */
export interface FitNeeds {
  /** Weights as they lie in memory, which is not quite as in the file. */
  readonly weightBytes: number;
  /** Keys and values of every position, in all sessions. */
  readonly kvBytes: number;
  /** Activations, tables, and room to work in. */
  readonly workBytes: number;
  /** The model's memory, these together: what `openModel` asks the device for. */
  readonly totalBytes: number;
  /** Beside it: scripts, compiled kernels, the vocabulary, and copies of states that cannot be cut back. An estimate. */
  readonly scriptBytes: number;
}

/** A way to make a model smaller. */
export interface FitRemedy {
  /** Options for `openModel`, in place of those that were given. */
  readonly options?: Pick<FitOptions, 'nCtx' | 'kvType' | 'threads' | 'maxSessions'>;
  /** Another file of the same model, by the name of its mix: `Q4_K_M`. Its size is estimated from this header. */
  readonly type?: string;
  readonly totalBytes: number;
  /** What to do, in the words of the API. */
  readonly text: string;
}

export type FitVerdict = 'fits' | 'tight' | 'no';

/** Whether a model would run on this device, told by its header alone. Plain data. */
export interface Fit {
  /** `tight`: it is within what the device allows, and little is left for anything else. */
  readonly verdict: FitVerdict;
  readonly needs: FitNeeds;
  /** What the model and its scripts may take here. */
  readonly allowedBytes: number;
  /** Why, in a sentence. */
  readonly reason: string;
  /** What would help, the best first; none where it fits. */
  readonly remedies: readonly FitRemedy[];
  /** The same in a sentence; undefined where there is nothing to do, or nothing that helps. */
  readonly remedy: string | undefined;
  readonly nCtx: number;
  readonly kvType: KvType;
  readonly threads: number;
  /** The longest context that fits, at most the one the model was trained on; 0 where none does. */
  readonly largestNCtx: number;
  readonly model: FitModel;
  /** How it would run in less memory, where it does not fit; undefined where that is too little, too. */
  readonly paged: PagedFit | undefined;
  /** With the backend `webgpu` or `auto`, what lies on a GPU; all else here is of the processor. */
  readonly gpu: GpuFit | undefined;
  /** Predicted for a short context; undefined without a probe, or where it does not say. */
  readonly tokensPerSecond: { readonly decode: number; readonly from: 'probe' } | undefined;
}

/** A model with `openModel(source, { memory: 'auto' })`. */
export interface PagedFit {
  /** What it takes. */
  readonly memoryBytes: number;
  /** Bytes that it reads for each token, if no expert is in memory. */
  readonly bytesPerToken: number;
  /**
   * On storage of `storageBytesPerSecond`, if no expert is in memory and all reading is waited for. Computing counts only where `speed` was given:
   * `countsComputing`.
   */
  readonly tokensPerSecond: number;
  /** Taken for granted, not measured. */
  readonly storageBytesPerSecond: number;
  /** Whether `tokensPerSecond` counts computing, too. */
  readonly countsComputing: boolean;
}

/** What the header says of a model. */
export interface FitModel {
  readonly name: string;
  readonly architecture: string;
  /** Which of `generate`, `embed` and `rank` it is for. */
  readonly makes: 'text' | 'embeddings' | 'scores';
  readonly nParams: number;
  readonly nCtxTrain: number;
  /** The quant type of most weights. */
  readonly type: string;
  /** All shards. */
  readonly fileBytes: number;
}

/** What a device measured of itself: JSON that can be kept, and given to `checkFit`. */
export interface DeviceSpeed {
  /** Of these numbers. A probe of another version says nothing. */
  readonly version: typeof SPEED_VERSION;
  readonly build: 'relaxed' | 'simd';
  readonly threads: number;
  /** What matrix × vector kernels do on all threads, by quant type. */
  readonly matVec: Readonly<Record<string, MatVecSpeed>>;
  /** What a step costs beside its matrices. */
  readonly step: StepSpeed;
  /** How long the probe took. */
  readonly tookMs: number;
}

/** A matrix takes `bytes / bytesPerSecond + rows * rowSeconds`. */
export interface MatVecSpeed {
  /** Bytes of weights, as the file has them, out of memory. */
  readonly bytesPerSecond: number;
  readonly rowSeconds: number;
}

export interface StepSpeed {
  /** Each time that threads wait for each other. */
  readonly phaseSeconds: number;
  /** Kernels that go row by row, by bytes that they read and write. */
  readonly rowBytesPerSecond: number;
  /** Attention, by multiplications and additions. */
  readonly attentionFlopsPerSecond: number;
  /** A token on its way to the page. */
  readonly tokenSeconds: number;
  /** Drawing a token, for each of the vocabulary. */
  readonly pieceSeconds: number;
}

export const SPEED_VERSION = 1;

/** Arguments of the engine's call. */
export interface FitQuestion {
  readonly options: FitOptions;
  readonly device: DeviceMemory;
  readonly speed: DeviceSpeed | undefined;
}

/** Where a header is: in files, or on a web server. */
export type HeaderSource = PlainSource | WebFile;

interface WebFile {
  readonly url: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What `probeDevice` measures with; default: what the engine would take. */
export type ProbeOptions = Pick<OpenOptions, 'threads' | 'build'>;
