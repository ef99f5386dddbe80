import { readVocab } from '../gguf/vocab.ts';
import type { ModelSource } from '../platform/platform.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { asError } from '../base/errors.ts';
import { callSite, seenFrom } from './call_site.ts';
import { checkOptions } from './options.ts';
import { openModelFile } from '../platform/model_file.ts';

/**
 * Opens only a model's tokenizer, in the caller's thread; a file without weights will do.
 * @throws what `openModel` throws for the file and its tokenizer.
 */
export async function openTokenizer(
  source: ModelSource,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Tokenizer> {
  const site = callSite();
  checkOptions('openTokenizer', options);
  try {
    const file = await openModelFile(source, options);
    try {
      return await loadTokenizer(readVocab(file.metadata));
    } finally {
      await Promise.all(file.sources.map((each) => each.close?.()));
    }
  } catch (error) {
    throw seenFrom(site, asError(error));
  }
}

export type { Tokenizer };
