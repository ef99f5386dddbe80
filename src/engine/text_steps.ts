import { roundUp } from '../base/numbers.ts';
import type { GraphLimits, Step, StepText } from '../graph/graph.ts';
import { RING_BLOCK } from '../graph/layer_state.ts';

/**
 * A list of texts as steps: whole ones one behind the other, as many as a step has room for. Nothing is padded:
 *
 *     rows     a0 a1 a2│b0│c0 c1 c2 c3 c4                       all that is computed
 *     caches   a0 a1 a2 ·· │b0 ·· │c0 c1 c2 c3 c4 ··            each text begins a block of 32 rows, which attention reads together
 *
 * A text that is longer than a step has several of its own.
 */
export interface TextStep {
  readonly step: Omit<Step, 'nLogits'>;
  /** Which texts of the list it has, by index. */
  readonly indices: readonly number[];
  /** Whether these end in it. */
  readonly isEnd: boolean;
}

/** @param texts tokens of each, no more than the context has positions. */
export function* textSteps(texts: readonly ArrayLike<number>[], limits: GraphLimits): Generator<TextStep> {
  const { nCtx, maxTokens, maxTexts = 0 } = limits;
  const open = new OpenStep(maxTokens);
  for (const [index, tokens] of texts.entries()) {
    const begins = roundUp(open.free, RING_BLOCK);
    const isFull =
      open.nTokens + tokens.length > maxTokens || begins + tokens.length > nCtx || open.indices.length === maxTexts;
    if (isFull && open.indices.length > 0) yield open.take();
    if (tokens.length > maxTokens) yield* partsOf(tokens, index, maxTokens);
    else open.add(tokens, index);
  }
  if (open.indices.length > 0) yield open.take();
}

/** A step to which texts are added. */
class OpenStep {
  indices: number[] = [];
  nTokens = 0;
  /** The first row of the caches that no text has taken. */
  free = 0;
  private texts: StepText[] = [];
  private readonly tokens: Int32Array;

  constructor(maxTokens: number) {
    this.tokens = new Int32Array(maxTokens);
  }

  add(tokens: ArrayLike<number>, index: number): void {
    const base = roundUp(this.free, RING_BLOCK);
    this.texts.push({ first: this.nTokens, nTokens: tokens.length, pos: 0, base });
    this.tokens.set(tokens, this.nTokens);
    this.nTokens += tokens.length;
    this.free = base + tokens.length;
    this.indices.push(index);
  }

  /** The step as it stands; the next one begins. */
  take(): TextStep {
    const step = { tokens: this.tokens.slice(0, this.nTokens), pos: 0, texts: this.texts };
    const { indices } = this;
    [this.indices, this.texts, this.nTokens, this.free] = [[], [], 0, 0];
    return { step, indices, isEnd: true };
  }
}

function* partsOf(tokens: ArrayLike<number>, index: number, maxTokens: number): Generator<TextStep> {
  for (let pos = 0; pos < tokens.length; pos += maxTokens) {
    const part = Int32Array.from(Array.prototype.slice.call(tokens, pos, pos + maxTokens) as number[]);
    yield { step: { tokens: part, pos }, indices: [index], isEnd: pos + part.length === tokens.length };
  }
}
