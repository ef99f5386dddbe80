import type { Program, Traffic } from '../backends/backend.ts';
import type { PagingTimings, Timings } from '../protocol/generation.ts';

/** Moments of an answer: the call, the prompt read, the first token, the end. */
export interface Moments {
  readonly startMs: number;
  readonly prefilledMs: number;
  /** 0: there was none. */
  readonly firstMs: number;
  readonly endMs: number;
}

/** What has come by of paged weights, when an answer began and when its prompt was read. */
export class TrafficWatch {
  private readonly traffic: Traffic | undefined;
  private readonly begun: Traffic | undefined;
  private prefilledBytes = 0;

  constructor({ traffic }: Program) {
    this.traffic = traffic;
    this.begun = traffic && { ...traffic };
  }

  prefilled(): void {
    this.prefilledBytes = this.traffic?.bytesRead ?? 0;
  }

  timings(nGenerated: number): PagingTimings | undefined {
    const { traffic, begun, prefilledBytes } = this;
    return (
      traffic &&
      begun && {
        bytesRead: traffic.bytesRead - begun.bytesRead,
        bytesPerToken: nGenerated > 1 ? (traffic.bytesRead - prefilledBytes) / (nGenerated - 1) : 0,
        waitMs: traffic.waitMs - begun.waitMs,
        packMs: traffic.packMs - begun.packMs,
        hitRate:
          traffic.nChosen > begun.nChosen
            ? (traffic.nHits - begun.nHits) / (traffic.nChosen - begun.nChosen)
            : undefined,
      }
    );
  }
}

export function timingsOf(
  loadMs: number,
  at: Moments,
  { nRead, nGenerated, watch }: { readonly nRead: number; readonly nGenerated: number; readonly watch: TrafficWatch },
): Timings {
  const prefillMs = at.prefilledMs - at.startMs;
  const firstMs = at.firstMs || at.endMs;
  const decodeMs = at.endMs - firstMs;
  const paging = watch.timings(nGenerated);
  return {
    loadMs,
    ttftMs: firstMs - at.startMs,
    prefillMs,
    prefillTps: perSecond(nRead, prefillMs),
    decodeMs,
    decodeTps: perSecond(nGenerated - 1, decodeMs),
    ...(paging && { paging }),
  };
}

const perSecond = (n: number, ms: number): number => (n > 0 && ms > 0 ? (n * 1000) / ms : 0);
