import type { ByteSource } from '../store/source.ts';

/**
 * Everything that differs between Node and a page, and nothing else. `#platform` in package.json's `imports` picks `node.ts`
 * or `web.ts` when the bundles are made; both export the functions of this interface.
 */
export interface Platform {
  /** Starts a module worker. */
  spawn(script: URL, name: string): WorkerHandle;
  /** The other end, inside a worker. */
  host(): Port;
  /** Reads a file that lies beside the bundle: a kernel build. */
  readBeside(file: URL): Promise<Uint8Array<ArrayBuffer>>;
  /** Logical cores. */
  nCores(): number;
  /** Lets waiting messages arrive. */
  tick(): Promise<void>;
  /** Opens a file by its path, where there are paths. */
  openPath(path: string): Promise<ModelFiles>;
}

/** The file that was named, and the way to those beside it. */
export interface ModelFiles {
  readonly first: ByteSource;
  readonly openSibling: (name: string) => Promise<ByteSource>;
}

/**
 * Where a model's bytes are: a path in Node (the first shard opens all), a Blob or File anywhere, or all shards as Files in
 * any order.
 */
export type ModelSource = string | Blob | readonly Blob[];

/** One end of a message channel. */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
}

export interface WorkerHandle extends Port {
  /** Called once, when the worker fails or ends without having been told to. */
  onDeath(listener: (reason: Error) => void): void;
  terminate(): Promise<void>;
  /** Whether the worker keeps the process alive; pages have no such notion. */
  keepAlive(alive: boolean): void;
}
