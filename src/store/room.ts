import { ResourceError } from '../base/errors.ts';
import { counted, sum } from '../base/numbers.ts';
import type { ModelRecord, Place } from './place.ts';

/** A server that says more is wrong, or means no good: 8 TiB. */
const MOST_BYTES = 2 ** 43;

/** Before a byte comes: room for all that is to come. @throws ResourceError that says how much is missing */
export async function makeRoom(place: Place, record: ModelRecord): Promise<void> {
  const open = record.files.flatMap((file) => {
    const bytes = file.sizeBytes ?? file.aboutBytes;
    return file.sha256 === undefined && bytes !== undefined ? [{ file, bytes }] : [];
  });
  const held = await Promise.all(open.map(({ file }) => place.heldBytes(record, file)));
  const needed = sum(open.map(({ bytes }, i) => Math.max(0, bytes - held[i]!)));
  const free = await place.freeBytes();
  if (free !== undefined && needed > free) throw noRoom(record.name, needed, free);
  if (needed > MOST_BYTES)
    throw new ResourceError(
      `${record.name} would have ${counted(needed)} bytes, which no model has; check the address`,
    );
  for (const { file, bytes } of open) {
    const opened = await place.open(record, file);
    await opened.reserve(bytes).finally(() => opened.close());
  }
}

export const noRoom = (name: string, needed: number, free: number): ResourceError =>
  new ResourceError(
    `${name} needs ${counted(needed)} bytes more, and there is room for ${counted(Math.max(0, free))}; delete a model or other files, or take a smaller model`,
  );
