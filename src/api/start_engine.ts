import type { Files } from '../platform/platform.ts';
import { EngineClient } from './engine_client.ts';
import { files, inlinedFiles, spawn } from '#platform';

/** An engine says that it has started in a fraction of this. */
const SILENCE_MS = 3000;

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
  const script = new URL(from['engine']!);
  const worker = spawn(script, 'thimble engine');
  const client = new EngineClient(worker);
  const silence = setTimeout(() => void failIfOther(client, script), SILENCE_MS);
  worker.onMessage(() => clearTimeout(silence));
  try {
    return await begin(client, from);
  } catch (error) {
    clearTimeout(silence);
    await client.terminate(new Error('the engine never began'));
    if (!client.isMissing) throw error;
    if (missing) throw missing; // its address says more than that of a blob
    const others = await inlinedFiles();
    if (!others || others === from) throw error;
    return startFrom(others, begin, error);
  }
}

/** A script that is empty, or another one, starts without an error and never says a word. */
async function failIfOther(client: EngineClient, script: URL): Promise<void> {
  const { whyOther } = await import('./other_script.ts');
  const reason = await whyOther(script);
  if (reason) client.fail(reason, true);
}
