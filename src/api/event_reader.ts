import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';

/** Takes the engine's events of an answer. */
export interface EventReader {
  event(event: GenerateEvent): void;
  /** The answer has ended: what was waiting for more is handed on, and the result told as its parts were. */
  end(result: GenerateResult): GenerateResult | Promise<GenerateResult>;
}
