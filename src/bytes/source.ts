import { ResourceError } from '../base/errors.ts';

/**
 * Random access to the bytes of one file. Nothing above this interface knows where bytes come from (disk, Blob, OPFS,
 * HTTP range, a wrapper that decrypts another source), and nothing ever needs the whole file in one ArrayBuffer.
 */
export interface ByteSource {
  /** What to call the file in messages: a path, a URL, a file's name. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** Bytes come over a network: none should be read that are not needed. */
  readonly isRemote?: boolean;
  /**
   * Fills `into` with the bytes at `offsetBytes`; `into` may lie in a shared WebAssembly memory. Rejects with
   * `ResourceError` when fewer bytes come back (the file shrank or disappeared), and with `AbortError` on `signal`.
   */
  read(offsetBytes: number, into: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Releases the file handle, if there is one. */
  close?(): Promise<void>;
}

/** The error of a read that the bytes do not suffice for. */
export const endsEarly = ({ name, size }: Pick<ByteSource, 'name' | 'size'>, into: Uint8Array, offsetBytes: number) =>
  new ResourceError(`${name} ends at ${size}, but ${into.length} bytes at ${offsetBytes} were asked for`);

/**
 * Where a new file's bytes go, in order. Nothing appears under the final name before `finish`, so a reader never meets half
 * a file; `abort` leaves no trace, also when it comes after `finish` (a set of files is kept whole or not at all).
 */
export interface ByteSink {
  /** What to call the file in messages. */
  readonly name: string;
  /** Appends; `bytes` may be reused by the caller once the promise resolves. Rejects with `ResourceError` (disk full). */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the bytes durable and gives the file its final name. */
  finish(): Promise<void>;
  /** Removes what was written. Does nothing when called again. */
  abort(): Promise<void>;
}
