import { MAX_BYTES } from '../backends/wasm/heap.ts';
import { reservable } from '../backends/wasm/reservable.ts';
import { detectFeatures } from '../platform/features.ts';
import { deviceMemory } from '#platform';

/** The part of what a device allows that a model may take: the rest is for scripts, the vocabulary, and what else runs there. */
export const AUTO_PART = 0.8;

/** What `memory: 'auto'` stands for. */
export async function autoMemory(): Promise<number> {
  const { allowedBytes = Infinity } = await deviceMemory();
  const wanted = Math.min(Math.floor(AUTO_PART * allowedBytes), MAX_BYTES);
  return Math.min(wanted, reservable(wanted, detectFeatures().sharedMemory).bytes);
}
