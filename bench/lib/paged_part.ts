import type { OpenModelOptions } from '../../src/api/option_types.ts';
import type { openModel as OpenModel } from '../../src/api/open_model.ts';
import type { PagingTimings } from '../../src/protocol/generation.ts';

export interface PagedPart {
  readonly openMs: number;
  readonly msPerToken: number;
  readonly paging: PagingTimings | undefined;
}

export interface PagedOptions {
  readonly open: OpenModelOptions;
  readonly nTokens: number;
  /** Is asked right before the answer that counts. */
  readonly before?: () => Promise<void>;
}

/** How fast a model answers with a budget, in Node or in a page. */
export async function measurePart(
  openModel: typeof OpenModel,
  source: Parameters<typeof OpenModel>[0],
  { open, nTokens, before }: PagedOptions,
): Promise<PagedPart> {
  const startMs = performance.now();
  const model = await openModel(source, open);
  const openMs = performance.now() - startMs;
  try {
    const how = { temperature: 0, ignoreEos: true } as const;
    await model.generate([1, 2, 3], { ...how, maxTokens: 8 }); // caches fill
    await before?.();
    const { timings } = await model.generate([5, 6, 7], { ...how, maxTokens: nTokens });
    return { openMs, msPerToken: 1000 / timings.decodeTps, paging: timings.paging };
  } finally {
    await model.close();
  }
}
