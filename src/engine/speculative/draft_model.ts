import type { Drafter } from './drafter.ts';

/** The part of the draft model's session that guessing uses. */
export interface DraftSession {
  readonly nCtx: number;
  /** Reads on towards the end of `text`; the logits after its last token `[nVocab]`, or undefined while there is more to read. */
  readOn(text: Int32Array): Promise<Float32Array | undefined>;
  /** Marks this place: later reading may be taken back to it. */
  markBeforeGuesses(): Promise<void>;
}

/**
 * Guesses the tokens that a smaller model of the same vocabulary finds most likely, one by one. Its session keeps what it has
 * read from one answer to the next, as any session does. A long text is read a chunk per draft, so that nobody waits for it;
 * guesses begin once it has caught up, and end where its context does.
 */
export function draftModel(session: DraftSession): Drafter {
  const text = new Int32Array(session.nCtx);
  return {
    isFree: false,
    async draft(soFar, guesses) {
      if (soFar.length > session.nCtx) return 0;
      text.set(soFar);
      const most = Math.min(guesses.length, session.nCtx - soFar.length + 1);
      for (let i = 0; i < most; i++) {
        const end = soFar.length + i;
        const logits = await session.readOn(text.subarray(0, end));
        if (logits === undefined) return 0;
        guesses[i] = argmax(logits);
        if (i === 0) await session.markBeforeGuesses();
        if (end < session.nCtx) text[end] = guesses[i]!;
      }
      return Math.max(0, most);
    },
  };
}

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}
