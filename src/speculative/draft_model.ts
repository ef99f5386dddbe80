import { UnsupportedError } from '../errors.ts';
import type { Session } from '../session.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Drafter } from './drafter.ts';

/**
 * Guesses what a smaller model of the same vocabulary finds most likely, token by token. Its session keeps what it has
 * read from one answer to the next, as any session does. A long text is read a chunk per draft, so that nobody waits for
 * it; guesses begin once it has caught up, and end where its context does.
 */
export function draftModel(session: Session): Drafter {
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

/** @throws UnsupportedError unless every token means the same to both models. */
export function checkSameVocabulary(tokenizer: Tokenizer, draft: Tokenizer): void {
  const { nVocab } = tokenizer;
  const need = 'a draft model needs the same vocabulary; take a smaller model of the same family';
  if (draft.nVocab !== nVocab) {
    throw new UnsupportedError(`the draft model has ${draft.nVocab} tokens, the model ${nVocab}; ${need}`);
  }
  for (let token = 0; token < nVocab; token++) {
    const [ours, theirs] = [tokenizer.piece(token), draft.piece(token)];
    if (ours === theirs) continue;
    const came = `token ${token} is ${JSON.stringify(theirs)} in the draft model and ${JSON.stringify(ours)} in the model`;
    throw new UnsupportedError(`${came}; ${need}`);
  }
}
