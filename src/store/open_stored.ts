/** A model of a browser's store, read where it lies: in the engine's thread, or in a page that wants its header. */
import { ResourceError } from '../base/errors.ts';
import type { ByteSource } from '../bytes/source.ts';
import type { ModelFiles, StoredFiles } from '../platform/platform.ts';
import { browserPlace } from './browser_place.ts';
import type { ModelRecord } from './place.ts';

/** As long as the first file is open nobody deletes the model. */
export async function openStored({ stored }: StoredFiles): Promise<ModelFiles> {
  const record = stored as ModelRecord;
  const place = browserPlace(record.keeper);
  const release = await place.lock(record.name, { isShared: true, ifFree: true });
  if (!release) throw new ResourceError(`${record.name} is being deleted in another tab; download it again`);
  const open = async (name: string): Promise<ByteSource> => {
    const file = record.files.find((each) => each.name === name);
    if (file) return place.source(record, file);
    throw new ResourceError(
      `the shard ${name} is not among the ${record.files.length} files of ${record.name} in the store`,
    );
  };
  try {
    const first = await open(record.files[0]!.name);
    const close = async (): Promise<void> => {
      release();
      await first.close?.();
    };
    return { first: { ...first, close }, openSibling: open };
  } catch (error) {
    release();
    throw error;
  }
}
