import { UnsupportedError } from '../base/errors.ts';
import type { Vocab } from '../base/vocab.ts';
import type { TokenizerFamily } from './tokenizer.ts';

/** A vocabulary of bare ids (`tokenizer.ggml.model` is `none`): ids in, ids out. */
export function createTextless({ bosToken, eosToken, addBos = false, addEos = false }: Vocab): TokenizerFamily {
  const nothing = new Uint8Array(0);
  return {
    encode() {
      const came = 'tokenizer.ggml.model is "none": the file has ids and no texts for them';
      throw new UnsupportedError(`${came}; give the prompt as a list of token ids`);
    },
    bytes: () => nothing,
    bosToken,
    eosToken,
    addBos,
    addEos,
    spacePrefix: false,
  };
}
