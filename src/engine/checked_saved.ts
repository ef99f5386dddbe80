import { FormatError } from '../base/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { decodeSaved, type SavedSession } from './session_bytes.ts';
import { checkUnfinished } from './unfinished.ts';

/** The session that takes a saved one. */
interface Taker {
  readonly weights: string;
  readonly kvType: string;
  readonly tokenizer: Tokenizer;
  readonly nCtx: number;
  /** Bytes of each array of a text of `nTokens` tokens. */
  stateBytes(nTokens: number): readonly number[];
}

/** @throws FormatError when the bytes are damaged or belong to other weights or another cache type; RangeError for a text that is too long. */
export function checkedSaved(bytes: Uint8Array, { weights, kvType, tokenizer, nCtx, stateBytes }: Taker): SavedSession {
  const saved = decodeSaved(bytes);
  if (saved.weights !== weights) {
    const came = `the saved session is of ${saved.weights}, this one of ${weights}`;
    throw new FormatError(`${came}; open the model it was saved from, with the same adapters`);
  }
  if (saved.kvType !== kvType) {
    const came = `the saved session has a cache of ${saved.kvType}, this one of ${kvType}`;
    throw new FormatError(`${came}; open the model with kvType '${saved.kvType}'`);
  }
  const nTokens = saved.tokens.length;
  if (nTokens > nCtx)
    throw new RangeError(`the saved session holds ${nTokens} positions, this one ${nCtx}; raise nCtx`);
  const expected = saved.states.length === 0 ? [] : stateBytes(nTokens);
  const fits = saved.states.length === expected.length && expected.every((n, i) => saved.states[i]!.length === n);
  if (!fits || saved.tokens.some((token) => token < 0 || token >= tokenizer.nVocab)) {
    throw new FormatError('the saved session does not fit its own header; save it again');
  }
  if (saved.unfinished) checkUnfinished(saved.unfinished, tokenizer);
  return saved;
}
