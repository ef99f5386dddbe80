import type { GraphLimits, Step } from '../graph/graph.ts';

/** A step of which some tokens may have run. */
export interface Asking {
  readonly step: Pick<Step, 'tokens' | 'nLogits'>;
  readonly nDone: number;
}

/** What one gets of a step. */
export interface Share<T extends Asking> {
  readonly turn: T;
  readonly nTokens: number;
  /** Rows of logits that come of them. */
  readonly nLogits: number;
}

/**
 * Shares a step out. Each gets as much as any other, or all that it wants where that is less; what such a one leaves goes to the others.
 * So a token beside a long prompt is there after one step. Rows of logits go to those who came first; the first of all always gets some.
 */
export function sharesOf<T extends Asking>(
  turns: readonly T[],
  { maxTokens, maxLogits }: Pick<GraphLimits, 'maxTokens' | 'maxLogits'>,
): Share<T>[] {
  const asking = turns.slice(0, maxTokens);
  const byNeed = asking.map((turn) => ({ turn, nLeft: turn.step.tokens.length - turn.nDone }));
  byNeed.sort((a, b) => a.nLeft - b.nLeft);
  let tokens = maxTokens;
  const most = new Map<T, number>();
  for (const [i, { turn, nLeft }] of byNeed.entries()) {
    const n = Math.min(nLeft, Math.floor(tokens / (byNeed.length - i)));
    most.set(turn, n);
    tokens -= n;
  }
  let rows = maxLogits;
  const shares: Share<T>[] = [];
  for (const turn of asking) {
    const nSilent = Math.max(0, turn.step.tokens.length - turn.step.nLogits - turn.nDone); // tokens without logits come first
    const nTokens = Math.min(most.get(turn)!, nSilent + rows);
    if (nTokens === 0) continue;
    const nLogits = Math.max(0, nTokens - nSilent);
    rows -= nLogits;
    shares.push({ turn, nTokens, nLogits });
  }
  return shares;
}
