import type { Program, Traffic } from '../backends/backend.ts';
import type { PagingTimings } from '../protocol/generation.ts';

/** Looks at what comes by of paged weights, from now on. What comes back is told when the prompt has been read, and tells at the end. */
export function watchTraffic({ traffic }: Program) {
  const begun: Traffic = { ...traffic! };
  let prefilledBytes = 0;
  return {
    prefilled(): void {
      prefilledBytes = traffic!.bytesRead;
    },
    timings(nGenerated: number): PagingTimings {
      const now = traffic!;
      const nChosen = now.nChosen - begun.nChosen;
      return {
        bytesRead: now.bytesRead - begun.bytesRead,
        bytesPerToken: nGenerated > 1 ? (now.bytesRead - prefilledBytes) / (nGenerated - 1) : 0,
        waitMs: now.waitMs - begun.waitMs,
        packMs: now.packMs - begun.packMs,
        hitRate: nChosen > 0 ? (now.nHits - begun.nHits) / nChosen : undefined,
      };
    },
  };
}
