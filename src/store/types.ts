/** What callers give to the store, and what it tells them. */
import type { HttpOptions } from '../bytes/http.ts';
import type { Patience } from './trouble.ts';
import type { DownloadProgress, DownloadState } from '../platform/receiving.ts';

/** What a model's bytes have to be, where the caller knows it. */
export interface Expected {
  /** The SHA-256 of the file in hexadecimal digits, or a list of them, one for each shard. */
  readonly sha256?: string | readonly string[];
  /** SHA-256 of pieces of the file: a damaged piece is then known at once, and is fetched again alone. For models in one file. */
  readonly chunks?: ChunkHashes;
}

export interface ChunkHashes {
  /** How long a piece is, the last one excepted. */
  readonly bytes: number;
  /** The SHA-256 of each piece, in hexadecimal digits. */
  readonly sha256?: readonly string[];
  /**
   * The root of a Merkle tree (RFC 6962, 2.1) over the list of these hashes, 32 bytes each. Where it is given, the list may come from
   * anybody, or be left out: then the root tells when the whole file is there.
   */
  readonly root?: string;
}

/** A file on a web server. The address of a file at Hugging Face may be that of its page, too. */
export interface UrlSource extends Expected {
  readonly url: string | URL;
  /** Sent with every request to this server: `{ Authorization: 'Bearer …' }`. They are not kept. */
  readonly headers?: HttpOptions['headers'];
  /** What to call it in the store. Default: the file's name. */
  readonly name?: string;
}

/** A file in a repository of Hugging Face, which tells the SHA-256 by itself. */
export interface HfSource extends Expected {
  /** `org/repo/file.gguf`; the first shard stands for all. */
  readonly hf: string;
  /** A branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** Another server that answers as Hugging Face does. Default `https://huggingface.co`. */
  readonly endpoint?: string;
  readonly headers?: HttpOptions['headers'];
  /** What to call it in the store. Default: `org/repo/file.gguf`. */
  readonly name?: string;
}

export type DownloadSource = UrlSource | HfSource;

/** A model in the store, or one that goes there before it is opened. */
export type StoredSource = DownloadSource | { readonly store: string };

/** How far a download or an import is: what is there and checked, and what is on its way into storage. */
export interface StoreProgress extends DownloadProgress {
  readonly state: DownloadState;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | undefined;
}

export interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Of what was stored, computed while it came; undefined until the file is whole. */
  readonly sha256: string | undefined;
  /** The hash was compared with the host's or the caller's. */
  readonly isVerified: boolean;
  /** Where it lies, in Node. */
  readonly path?: string;
}

export interface StoredModel {
  /** What `openModel({ store: name })` takes. */
  readonly name: string;
  /** Undefined while nobody knows it. */
  readonly sizeBytes: number | undefined;
  readonly doneBytes: number;
  /** All of it is there, and was what it should be; other models are never opened. */
  readonly isComplete: boolean;
  /** Where it came from: `hf:org/repo/file.gguf`, an address without its query, or `file`. */
  readonly from: string;
  /** Of the first file; `files` has all. */
  readonly sha256: string | undefined;
  readonly isVerified: boolean;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly nShards: number;
  readonly files: readonly StoredFile[];
}

export interface StoreUsage {
  /** Bytes of models. */
  readonly usedBytes: number;
  /** What the browser lets this site have in all, or what models have and the disk still has room for; undefined where nobody says. */
  readonly quotaBytes: number | undefined;
  /** The browser does not delete it when storage gets short. */
  readonly isPersistent: boolean;
}

export interface JobOptions {
  readonly onProgress?: (progress: StoreProgress) => void;
  /** Stops; the promise rejects with an `AbortError`. What has come stays and is gone on with the next time. */
  readonly signal?: AbortSignal;
}

export interface DownloadOptions extends JobOptions {
  /** Requests at a time. Default 4. */
  readonly nConnections?: number;
  /** @internal Tests have less. */
  readonly patience?: Partial<Patience>;
}

export interface ImportOptions extends JobOptions {
  /** What to call it in the store. Default: the first file's name. */
  readonly name?: string;
}
