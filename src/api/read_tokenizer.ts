import { readVocab } from '../gguf/vocab.ts';
import type { ModelSource } from '../platform/platform.ts';
import { openModelFile } from '../platform/model_file.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Opens a model's file, makes its tokenizer, and closes the file. */
export async function readTokenizer(
  source: ModelSource,
  options: { readonly signal?: AbortSignal },
): Promise<Tokenizer> {
  const file = await openModelFile(source, options);
  try {
    return await loadTokenizer(readVocab(file.metadata));
  } finally {
    await Promise.all(file.sources.map((each) => each.close?.()));
  }
}
