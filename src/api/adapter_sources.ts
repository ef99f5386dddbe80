import { checkNames, kindOf } from '../base/checks.ts';
import type { Receiving } from '../platform/receiving.ts';
import type { ModelSource } from '../platform/platform.ts';
import type { PlainAdapter } from '../protocol/messages.ts';
import type { StoredSource } from '../store/types.ts';
import type { AdapterSource } from './option_types.ts';
import { sourceOf } from './sources.ts';

/** Adapters as they cross to the engine. @throws TypeError for what is no source, and for parts that nobody reads. */
export async function plainAdapters(
  adapters: readonly (ModelSource | StoredSource | AdapterSource)[],
  receiving: Receiving,
): Promise<PlainAdapter[]> {
  const plain: PlainAdapter[] = [];
  for (const adapter of adapters) {
    if (typeof adapter !== 'object' || adapter === null || !('source' in adapter)) {
      plain.push({ source: await sourceOf(adapter, receiving) });
      continue;
    }
    checkNames('part of an adapter', adapter, ['source', 'name', 'scale', 'layers']);
    const { source, ...opening } = adapter;
    if (source === undefined)
      throw new TypeError(`the source of an adapter is ${kindOf(source)}, expected that of a GGUF file`);
    plain.push({ ...opening, source: await sourceOf(source, receiving) });
  }
  return plain;
}
