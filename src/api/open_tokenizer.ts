import type { ModelSource } from '../platform/platform.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { asError } from '../base/errors.ts';
import { callSite, seenFrom } from './call_site.ts';
import { checkOptions } from './options.ts';

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
    const { readTokenizer } = await import('./read_tokenizer.ts'); // few pages want it without a model
    return await readTokenizer(source, options);
  } catch (error) {
    throw seenFrom(site, asError(error));
  }
}

export type { Tokenizer };
