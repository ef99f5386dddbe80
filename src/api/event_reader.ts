import type { AnswerPart, MarkedText } from '../chat/parts.ts';
import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';

/** Takes the engine's events of an answer. */
export interface EventReader {
  event(event: GenerateEvent): void;
  /** The answer has ended: what was waiting for more is handed on, and the result told as its parts were. */
  end(result: GenerateResult): GenerateResult | Promise<GenerateResult>;
}

/** Tells the parts of an answer apart, as its text comes. */
export interface PartTeller {
  startAfter(before: MarkedText, how: { readonly goesOn: boolean; readonly isHeld: boolean }): unknown;
  push(text: MarkedText): AnswerPart[];
  /** @param isWhole the model ended the answer itself */
  end(isWhole: boolean): AnswerPart[];
}
