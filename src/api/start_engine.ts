import type { GpuObject } from '../platform/gpu.ts';
import type { Files } from '../platform/platform.ts';
import { ENGINE_THREAD } from '../protocol/messages.ts';
import { EngineClient } from './engine_client.ts';
import { files, inlinedFiles, spawn } from '#platform';

/** An engine says that it has started in a fraction of this. */
const SILENCE_MS = 3000;

/**
 * Starts an engine, and has it begin with something. Where its script is not beside this one, it starts from what this one brings along.
 * An engine that fails at it is ended.
 * @param gpu the caller's own: the engine then runs in the caller's thread
 */
export async function startEngine<T>(
  begin: (client: EngineClient, files: Files) => Promise<T>,
  gpu?: GpuObject,
): Promise<T> {
  return startFrom(await files(), begin, { gpu });
}

interface Starting {
  readonly gpu: GpuObject | undefined;
  /** Why none started from other files. */
  readonly missing?: unknown;
}

async function startFrom<T>(
  from: Files,
  begin: (client: EngineClient, files: Files) => Promise<T>,
  { gpu, missing }: Starting,
): Promise<T> {
  const script = new URL(from['engine']!);
  const worker = gpu ? (await import('./engine_here.ts')).engineHere(script, gpu) : spawn(script, ENGINE_THREAD);
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
    return startFrom(others, begin, { gpu, missing: error });
  }
}

/** A script that is empty, or another one, starts without an error and never says a word. */
async function failIfOther(client: EngineClient, script: URL): Promise<void> {
  const { whyOther } = await import('./other_script.ts');
  const reason = await whyOther(script);
  if (reason) client.fail(reason, true);
}
