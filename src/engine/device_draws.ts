import type { Sampler } from '../sampling/chain.ts';
import { bestDraw, type BestDraw } from '../sampling/from_best.ts';
import type { Timeline } from './timeline.ts';

/**
 * How the tokens of an answer are drawn where a device works by itself. It should never wait for this side:
 *
 *     device   │ step of t1 │ step of t2 │ step of t3 │
 *     here                   t2           t3            drawn, given to the device, then handed out as text
 *     here, if always the best is drawn   t3 is drawn while the device is at its step
 *
 * It is given a token before the text of it is handed out. Where the best logit is always drawn, it knows the next token itself: it is
 * given the step of that one, too, and is a whole step ahead.
 */
export class DeviceDraws {
  private readonly timeline: Timeline;
  private readonly sampler: Sampler;
  private readonly fromBest: BestDraw | undefined;

  /** @param how `needAll`: not only the draw wants logits. */
  constructor(timeline: Timeline, sampler: Sampler, { needAll }: { readonly needAll: boolean }) {
    this.timeline = timeline;
    this.sampler = sampler;
    this.fromBest = needAll ? undefined : bestDraw(sampler);
  }

  /** How many of the best logits a step should find; undefined: all are needed. */
  get nBest(): number | undefined {
    return this.fromBest?.nBest;
  }

  /** The next token. @param logits of the latest step; none where the device found the best of them */
  async draw(logits: Float32Array): Promise<number> {
    if (logits.length > 0) return this.sampler.sample(logits);
    return this.fromBest!.sample(this.timeline.best!) ?? this.sampler.sample(await this.timeline.logits());
  }

  /** Gives the device a token that was drawn. @param nLeft tokens that may still come */
  runAhead(token: number, nLeft: number): void {
    this.timeline.runAhead(token, this.nBest);
    if (this.nBest === 1 && nLeft > 1) this.timeline.runAhead(undefined, this.nBest);
  }
}
