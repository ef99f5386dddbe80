import { asError, ResourceError } from '../base/errors.ts';
import { endsEarly, type ByteSource } from './source.ts';

/** Slices of this size keep the copy that a Blob hands out small beside a tensor of hundreds of megabytes. */
const pieceBytes = 16 * 2 ** 20;

/** A Blob or File as a browser's file picker gives it, or Node's. */
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
        if (piece.length !== end - start) throw endsEarly({ name, size: blob.size }, into, offsetBytes);
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
    throw new ResourceError(`cannot read ${name}: ${asError(cause).message}; did it change or move? Choose it again`, {
      cause,
    });
  }
}
