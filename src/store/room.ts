import { ResourceError } from '../base/errors.ts';
import { counted, sum } from '../base/numbers.ts';
import type { ModelRecord, Place } from './place.ts';

/** Before a byte comes: room for all that is to come. @throws ResourceError that says how much is missing */
export async function makeRoom(place: Place, record: ModelRecord): Promise<void> {
  const open = record.files.filter(({ sha256, sizeBytes }) => sha256 === undefined && sizeBytes !== undefined);
  const held = await Promise.all(open.map((file) => place.heldBytes(record, file)));
  const needed = sum(open.map(({ sizeBytes }, i) => Math.max(0, sizeBytes! - held[i]!)));
  const free = await place.freeBytes();
  if (free !== undefined && needed > free) throw noRoom(record.name, needed, free);
  for (const file of open) {
    const bytes = await place.open(record, file);
    await bytes.reserve(file.sizeBytes!).finally(() => bytes.close());
  }
}

export const noRoom = (name: string, needed: number, free: number): ResourceError =>
  new ResourceError(
    `${name} needs ${counted(needed)} bytes more, and there is room for ${counted(Math.max(0, free))}; delete a model or other files, or take a smaller model`,
  );
