import type { BegunStep } from '../backend.ts';
import type { Step } from '../../graph/graph.ts';
import type { Reading } from './read_back.ts';

/** A step that the device works at before it is asked for. */
export interface Begun extends BegunStep {
  /** Of a step of the likeliest token, unknown until the step before it was read. */
  tokens: Int32Array | undefined;
  readonly reading: Reading;
}

/** Steps that were begun and have not been asked for, one behind the other. */
export class BegunSteps {
  private steps: Begun[] = [];
  private readonly letGo: (begun: Begun) => void;

  constructor(letGo: (begun: Begun) => void) {
    this.letGo = letGo;
  }

  get n(): number {
    return this.steps.length;
  }

  add(begun: Begun): void {
    this.steps.push(begun);
  }

  /** The step that is asked for now, if it was begun; all others are let go if not. */
  take(step: Step): Begun | undefined {
    if (this.has(step) && this.steps[0]!.pos === step.pos) return this.steps.shift();
    this.dropFrom(0);
    return undefined;
  }

  /** Whether a step was begun. What was begun at its place, or behind it, is let go if not. */
  has(step: BegunStep & Pick<Step, 'texts'>): boolean {
    const at = this.steps.findIndex(({ pos }) => pos >= step.pos);
    if (at >= 0 && isSame(this.steps[at]!, step)) return true;
    if (at >= 0) this.dropFrom(at);
    return false;
  }

  /** The step that was read last made this token the likeliest. */
  learn(token: number): void {
    const [next] = this.steps;
    if (next) next.tokens ??= Int32Array.of(token);
  }

  dropFrom(at: number): void {
    for (const begun of this.steps.splice(at)) this.letGo(begun);
  }
}

function isSame(begun: Begun, { pos, nLogits, nBest, tokens, texts }: BegunStep & Pick<Step, 'texts'>): boolean {
  if (begun.pos !== pos || begun.nLogits !== nLogits || begun.nBest !== nBest || texts) return false;
  if (!begun.tokens || !tokens) return begun.tokens === tokens;
  return begun.tokens.length === tokens.length && begun.tokens.every((token, i) => token === tokens[i]);
}
