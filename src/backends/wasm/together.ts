import type { Graph, Step, Value } from '../../graph/graph.ts';
import { roundUp } from '../../base/numbers.ts';
import { RING_BLOCK } from '../../graph/layer_state.ts';
import type { Program, ProgramStep } from '../backend.ts';
import type { Rings } from '../rings.ts';
import type { Heap } from './heap.ts';
import type { Slot } from './lower.ts';
import type { MemoryPlan } from './plan.ts';
import type { StatePlace } from './state_place.ts';
import { stepWords, textWords } from './words.ts';

/** The inside of a program. Most pages never run two at a time, and do not load this. */
export interface Inside {
  readonly plan: { readonly graph: Graph };
  readonly home: { readonly heap: Heap; readonly memory: MemoryPlan };
  /** Where its piece of memory begins, which is laid out as those of the graph's other programs. */
  readonly begin: number;
  readonly rings: Rings;
  /** Checks a step, and notes what it will write. */
  begins(step: Step): void;
  /** Runs the step whose tokens are in place. */
  go(pos: number, nTokens: number, nLogits: number): void | Promise<void>;
  placeOf(state: Value): StatePlace & { readonly slot: Slot };
}

/** The inside of a program whose states lie in its piece of memory where those of another one lie in that one's. */
function sibling(program: Program, { home, plan }: Inside): Inside {
  const other = (program.inner ?? program) as unknown as Partial<Inside>;
  if (other.home === home && other.plan?.graph === plan.graph) return other as Inside;
  throw new TypeError('a program of another graph, or of another backend');
}

/**
 * Runs steps of several programs as texts of one step, by the records of the first program. A text's states lie as far from those of the
 * first as its piece of memory does:
 *
 *     memory    | records, k0 v0 k1 v1 … of A | records, k0 v0 k1 v1 … of B |        a record of A names k1 of A
 *                                └───────── states: B - A ────────┘                  for B's rows the kernel adds this
 */
export function runTogether(first: Inside, steps: readonly ProgramStep[]): void | Promise<void> {
  const { begin, home, plan } = first;
  const { maxTokens, maxLogits } = plan.graph;
  const { ints } = home.heap;
  const parts = steps.map(({ program, step }) => ({ of: sibling(program, first), step }));
  checkSum(steps, first);
  for (const { of, step } of parts) of.begins(step);
  const rows = home.memory.together.begin / 4; // [maxTokens]: the text of each row
  const logitRows = rows + maxTokens; // [maxLogits]: rows that get logits
  let text = logitRows + maxLogits; // [maxSessions, textWords]
  let [nTokens, nLogits] = [0, 0];
  for (const { of, step } of parts) {
    const n = step.tokens.length;
    ints.set([nTokens, n, step.pos, 0, of.begin - begin], text); // in the order of textWords
    ints.fill(4 * text, rows + nTokens, rows + nTokens + n);
    ints.set(step.tokens, begin / 4 + stepWords.length + nTokens);
    nTokens += n;
    for (let row = nTokens - step.nLogits; row < nTokens; row++) ints[logitRows + nLogits++] = row;
    text += textWords.length;
  }
  ints[begin / 4 + stepWords.texts] = 4 * rows;
  ints[begin / 4 + stepWords.logitRows] = 4 * logitRows;
  return first.go(0, nTokens, nLogits);
}

function checkSum(steps: readonly ProgramStep[], { plan, home }: Inside): void {
  const { maxTokens, maxLogits } = plan.graph;
  const { maxSessions } = home.memory;
  let [nTokens, nLogits] = [0, 0];
  for (const { step } of steps) {
    nTokens += step.tokens.length;
    nLogits += step.nLogits;
  }
  if (steps.length <= maxSessions && nTokens <= maxTokens && nLogits <= maxLogits) return;
  const came = `${steps.length} steps together have ${nTokens} tokens and ${nLogits} rows of logits`;
  throw new RangeError(`${came}, expected at most ${maxSessions} with ${maxTokens} and ${maxLogits}`);
}

/** What another program's state holds of the positions before `end`, with what shares a block with them, goes where this one's lies. */
export function takeState(to: Inside, state: Value, from: Program, end: number): void {
  const other = sibling(from, to);
  const { slot, at, cols, headDim, nPositions } = to.placeOf(state);
  const headBytes = (slot.bytes / cols) * headDim;
  const n = headBytes * (Math.min(roundUp(end, RING_BLOCK), nPositions) / nPositions);
  const begin = other.placeOf(state).at;
  const all = new Uint8Array(to.home.heap.memory.buffer);
  for (let head = 0; head < slot.bytes; head += headBytes) all.copyWithin(at + head, begin + head, begin + head + n);
  to.rings.take(state, other.rings);
}
