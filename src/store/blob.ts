import { ResourceError } from '../errors.ts';
import type { ByteSource } from './source.ts';

/** Slices of this size keep the copy that a Blob hands out small beside a tensor of hundreds of megabytes. */
const pieceBytes = 16 * 2 ** 20;

/** A Blob or File as a browser's file picker gives it, or Node's. A File's own name wins over `name` only where none is given. */
export function blobSource(blob: Blob, name = 'name' in blob ? String(blob.name) : 'blob'): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offsetBytes, into, signal) {
      for (let done = 0; done < into.length; done += pieceBytes) {
        signal?.throwIfAborted();
        const start = offsetBytes + done;
        const end = Math.min(start + pieceBytes, offsetBytes + into.length);
        const piece = await readSlice(blob, start, end, name);
        if (piece.length !== end - start) {
          throw new ResourceError(
            `${name} ends at ${blob.size}, but ${into.length} bytes at ${offsetBytes} were asked for`,
          );
        }
        into.set(piece, done);
      }
    },
  };
}

/** Browsers refuse to read a File that changed or was deleted after it was picked. */
async function readSlice(blob: Blob, start: number, end: number, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(start, end).arrayBuffer());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ResourceError(`cannot read ${name}: ${why}; did it change or move? Choose it again`, { cause });
  }
}
