import { greatest } from '../../../base/numbers.ts';
import { routed, type RouteParams } from '../../../graph/routing.ts';
import type { Heap } from '../heap.ts';

/** A router's call: addresses of what it read, `[nExperts]`, and of what it made, `[2 * nUsed]`. */
export interface RouterPlace {
  readonly layer: number;
  readonly nExperts: number;
  readonly params: RouteParams;
  readonly scoresAt: number;
  readonly biasAt: number | undefined;
  readonly chosenAt: number;
}

/**
 * Has a token choose as if the scores of experts in memory were higher, by a part of what lies between its best score and its worst
 * (Skliar et al. 2024, arXiv:2412.00099). Experts weigh what their own scores say. What was chosen anyway stays as the kernel made it.
 */
export function preferCached(
  { floats }: Heap,
  { nExperts, params, scoresAt, biasAt, chosenAt }: RouterPlace,
  { margin, isThere }: { readonly margin: number; readonly isThere: (expert: number) => boolean },
): void {
  const numbers = (at: number, n: number): number[] => Array.from(floats.subarray(at / 4, at / 4 + n));
  const scores = numbers(scoresAt, nExperts);
  if (!scores.every(Number.isFinite)) return;
  const bonus = margin * (greatest(scores) + greatest(scores.map((score) => -score)));
  const favoured = scores.map((score, expert) => (isThere(expert) ? score + bonus : score));
  const biases = biasAt === undefined ? undefined : numbers(biasAt, nExperts);
  const { chosen, weights } = routed(scores, biases, params, favoured);
  const before = new Set(numbers(chosenAt, params.nUsed));
  if (chosen.every((expert) => before.has(expert))) return;
  floats.set(chosen, chosenAt / 4);
  floats.set(weights, chosenAt / 4 + params.nUsed);
}
