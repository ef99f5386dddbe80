import type { Files } from '../platform/platform.ts';
import { EngineClient } from './engine_client.ts';
import { files, inlinedFiles, spawn } from '#platform';

/**
 * Starts an engine, and has it begin with something. Where its script is not beside this one, it starts from what this one brings along.
 * An engine that fails at it is ended.
 */
export async function startEngine<T>(begin: (client: EngineClient, files: Files) => Promise<T>): Promise<T> {
  return startFrom(await files(), begin);
}

/** `missing`: why none started from other files. */
async function startFrom<T>(
  from: Files,
  begin: (client: EngineClient, files: Files) => Promise<T>,
  missing?: unknown,
): Promise<T> {
  const client = new EngineClient(spawn(new URL(from['engine']!), 'thimble engine'));
  try {
    return await begin(client, from);
  } catch (error) {
    await client.terminate(new Error('the engine never began'));
    if (!client.isMissing) throw error;
    if (missing) throw missing; // its address says more than that of a blob
    const others = await inlinedFiles();
    if (!others || others === from) throw error;
    return startFrom(others, begin, error);
  }
}
