import type { GraphLimits, Step } from '../../graph/graph.ts';
import type { Heap } from './heap.ts';
import type { MemoryPlan } from './plan.ts';
import { stepWords, textWords } from './words.ts';

/** One of several programs that run together, and its step. */
export interface InsideStep {
  /** Where its piece of memory begins, which is laid out as those of the others. */
  readonly begin: number;
  readonly heap: Heap;
  readonly memory: MemoryPlan;
  readonly limits: GraphLimits;
  readonly step: Step;
  /** Checks its step, and notes what that will write. */
  readonly begins: (step: Step) => void;
  /** Runs the step whose tokens are in place. */
  readonly go: (pos: number, nTokens: number, nLogits: number) => void | Promise<void>;
}

/**
 * Runs steps of several programs as texts of one step, by the records of the first program. A text's states lie as far from those of the
 * first as its piece of memory does:
 *
 *     memory    | records, k0 v0 k1 v1 … of A | records, k0 v0 k1 v1 … of B |        a record of A names k1 of A
 *                                └───────── states: B - A ────────┘                  for B's rows the kernel adds this
 */
export function runTogether(parts: readonly InsideStep[]): void | Promise<void> {
  const [first] = parts as [InsideStep];
  const { heap, memory, limits, go, begin } = first;
  checkSum(parts, limits, memory);
  for (const { begins, step } of parts) begins(step);
  const { ints } = heap;
  const rows = memory.together.begin / 4; // [maxTokens]: the text of each row
  const logitRows = rows + limits.maxTokens; // [maxLogits]: rows that get logits
  let text = logitRows + limits.maxLogits; // [maxSessions, textWords]
  let [nTokens, nLogits] = [0, 0];
  for (const { step, begin: own } of parts) {
    const n = step.tokens.length;
    ints.set([nTokens, n, step.pos, 0, own - begin], text); // in the order of textWords
    ints.fill(4 * text, rows + nTokens, rows + nTokens + n);
    ints.set(step.tokens, begin / 4 + stepWords.length + nTokens);
    nTokens += n;
    for (let row = nTokens - step.nLogits; row < nTokens; row++) ints[logitRows + nLogits++] = row;
    text += textWords.length;
  }
  ints[begin / 4 + stepWords.texts] = 4 * rows;
  ints[begin / 4 + stepWords.logitRows] = 4 * logitRows;
  return go(0, nTokens, nLogits);
}

function checkSum(
  parts: readonly InsideStep[],
  { maxTokens, maxLogits }: GraphLimits,
  { maxSessions }: MemoryPlan,
): void {
  let [nTokens, nLogits] = [0, 0];
  for (const { step } of parts) {
    nTokens += step.tokens.length;
    nLogits += step.nLogits;
  }
  if (parts.length <= maxSessions && nTokens <= maxTokens && nLogits <= maxLogits) return;
  const came = `${parts.length} steps together have ${nTokens} tokens and ${nLogits} rows of logits`;
  throw new RangeError(`${came}, expected at most ${maxSessions} with ${maxTokens} and ${maxLogits}`);
}
