import type { ByteSource } from '../bytes/source.ts';
import type { GpuObject } from './gpu.ts';
import type { Notes } from './notes.ts';

/**
 * Everything that differs between Node and a page, and nothing else. `#platform` in package.json's `imports` picks `node.ts`
 * or `web.ts` when the bundles are made; both export the functions of this interface.
 */
export interface Platform {
  /** The library's other files, beside the script that was imported. */
  files(): Promise<Files>;
  /** The same, brought along by the script itself; undefined where nothing can move them away. */
  inlinedFiles(): Promise<Files | undefined>;
  /** Starts a module worker. */
  spawn(script: URL, name: string): WorkerHandle;
  /** The other end, inside a worker. */
  host(): Port;
  /** The name that this thread was started by; another one's, or none, where `spawn` did not start it. */
  threadName(): string;
  /**
   * The GPU of this thread: the engine's own, or the one that the npm package `webgpu` brings to Node.
   * @throws UnsupportedError that says what to do where there is none.
   */
  findGpu(): Promise<GpuObject>;
  /** The engine that runs this, with its version: what was measured on another one says nothing. */
  runtimeName(): string;
  /** What was measured here before. */
  notes(): Promise<Notes>;
  /** Reads a file that lies beside the bundle: a kernel build. */
  readBeside(file: URL): Promise<Uint8Array<ArrayBuffer>>;
  /** Logical cores. */
  nCores(): number;
  /** What a model may take of this device's memory. */
  deviceMemory(): Promise<DeviceMemory>;
  /** Calls the listener when the page is hidden: it may not come back. Returns what ends that. */
  onHidden(listener: () => void): () => void;
  /** Lets waiting messages arrive. */
  tick(): Promise<void>;
  /** The path in a `file:` URL, where there are paths. */
  pathOf(url: URL): string;
  /** Opens a file by its path, where there are paths. */
  openPath(path: string): Promise<ModelFiles>;
}

/** How much memory programs may take here, as far as the platform tells. */
export interface DeviceMemory {
  /** Undefined where nothing is known. */
  readonly allowedBytes: number | undefined;
  /** How a sentence goes on about these bytes: `the 1.2 GiB free here`. */
  readonly said: string;
  /** Memory of the GPU is among them. */
  readonly countsGpu?: boolean;
}

/** Addresses by name: scripts of threads, what these load on demand, and kernels. */
export type Files = Readonly<Record<string, string>>;

/** The file that was named, and the way to those beside it. */
export interface ModelFiles {
  readonly first: ByteSource;
  readonly openSibling: (name: string) => Promise<ByteSource>;
}

/**
 * Bytes of one file. A Response or a stream is read to its end, once: that takes its size in memory, twice for a moment, beside the
 * weights. Files and paths are read as weights are needed.
 */
export type BytesSource = Blob | ArrayBuffer | Uint8Array | Response | ReadableStream<Uint8Array>;

/**
 * Where a model's bytes are: a path or a `file:` URL in Node (the first shard opens all), the bytes of one file, or those of all shards:
 * Files in any order (a FileList, too), anything else in the order of the shards.
 */
export type ModelSource = string | URL | BytesSource | Iterable<BytesSource>;

/** The bytes of one file. Node's Files lose their name on the way to another thread. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

/** A model of the store, as the store knows it; only the store reads that. */
export interface StoredFiles {
  readonly stored: unknown;
}

/** What crosses between threads without being read: a path, all files of a model, or a model of the store. */
export type PlainSource = string | readonly NamedBlob[] | StoredFiles;

/** One end of a message channel. */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
}

export interface WorkerHandle extends Port {
  /** Called once, when the worker fails or ends without having been told to; or when its script was not there to begin with. */
  onDeath(listener: (reason: Error, isMissing: boolean) => void): void;
  terminate(): Promise<void>;
  /** Whether the worker keeps the process alive; pages have no such notion. */
  keepAlive(alive: boolean): void;
}
