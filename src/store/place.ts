/** What a place that keeps models can do: the browser's storage, or a folder. The downloader knows nothing else of it. */
import type { ByteSource } from '../bytes/source.ts';

/** What is known of a model's file. Plain data, kept beside the bytes. */
export interface FileRecord {
  /** Finds the bytes. */
  readonly key: string;
  readonly name: string;
  sizeBytes: number | undefined;
  /** The same, or what a server says that it takes on its way. */
  aboutBytes?: number | undefined;
  /** How the server calls this version: its ETag, or when it was changed. */
  version: string | null;
  /** What the host or the caller says that its SHA-256 is. */
  expected: string | undefined;
  /** How long a part is: what is fetched with one request. */
  partBytes: number;
  /** The SHA-256 of all bytes until the end of each part, as far as parts have come without a gap. */
  checkpoints: string[];
  /** Of the whole file; undefined until it is whole, and what it should be. */
  sha256: string | undefined;
}

export interface ModelRecord {
  readonly name: string;
  /** Tells sources apart; holds no secrets. */
  readonly from: string;
  readonly addedAt: number;
  /** Which of a browser's storages has the bytes. */
  readonly keeper: string;
  files: FileRecord[];
  isComplete: boolean;
}

/** The bytes of one file while it comes: written anywhere, read again to be checked. */
export interface OpenFile {
  /** Makes it as long as it will be, so that a lack of room shows before a byte is fetched. @throws ResourceError */
  reserve(sizeBytes: number): Promise<void>;
  /** @throws ResourceError where not all bytes were taken. */
  write(offsetBytes: number, bytes: Uint8Array): Promise<void>;
  /** @returns how many bytes there were */
  read(offsetBytes: number, into: Uint8Array): Promise<number>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Room {
  readonly usedBytes: number;
  readonly quotaBytes: number | undefined;
  readonly isPersistent: boolean;
}

export type Release = () => void;

export interface Place {
  /** New files go there. */
  readonly keeper: string;
  records(): Promise<ModelRecord[]>;
  record(name: string): Promise<ModelRecord | undefined>;
  keep(record: ModelRecord): Promise<void>;
  forget(record: ModelRecord): Promise<void>;
  /** A key for a file of that name. */
  newKey(model: string, file: string): string;
  open(record: ModelRecord, file: FileRecord): Promise<OpenFile>;
  /** The file is whole and checked. */
  finish(record: ModelRecord, file: FileRecord): Promise<void>;
  /** Whether the bytes of a file that is whole are still there: browsers and people may remove them. */
  isThere(record: ModelRecord, file: FileRecord): Promise<boolean>;
  /** How much room a file takes already. */
  heldBytes(record: ModelRecord, file: FileRecord): Promise<number>;
  /** Removes a file's bytes, where there are some. @throws ResourceError where somebody has it open. */
  remove(record: ModelRecord, file: FileRecord): Promise<void>;
  /** The bytes of a file that is whole. */
  source(record: ModelRecord, file: FileRecord): Promise<ByteSource>;
  /** The same as a File, for sharing. */
  file(record: ModelRecord, file: FileRecord): Promise<File>;
  /** Where they lie, where there are paths. */
  pathOf?(file: FileRecord): string;
  room(): Promise<Room>;
  /** What is left, as exactly as anybody says; undefined where nobody does. */
  freeBytes(): Promise<number | undefined>;
  /**
   * Waits until nobody else has the lock; a shared one lets others share it.
   * @returns undefined where it is taken and `ifFree` says not to wait
   */
  lock(name: string, how: LockOptions): Promise<Release | undefined>;
}

export interface LockOptions {
  readonly isShared?: boolean;
  readonly ifFree?: boolean;
  readonly signal?: AbortSignal | undefined;
}
