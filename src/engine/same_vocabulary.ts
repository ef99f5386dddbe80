import { UnsupportedError } from '../base/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

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
