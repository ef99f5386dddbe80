import { thoughtsOf } from '../chat/thoughts.ts';
import type { GgufFile } from '../gguf/read.ts';
import { openModelFile } from '../platform/model_file.ts';
import type { ModelSource } from '../platform/platform.ts';
import type { ModelHeader } from '../server/served.ts';
import type { StoredSource } from '../store/types.ts';

/** What a model's file says of it. Undefined where the file cannot be looked at without being read as a whole. */
export async function headerOf(
  source: ModelSource | StoredSource,
  signal: AbortSignal,
): Promise<ModelHeader | undefined> {
  if (typeof source !== 'string' && !(source instanceof URL) && !(source instanceof Blob)) return undefined;
  const file = await openModelFile(source, { signal, keepUnknown: true });
  try {
    return describe(file);
  } finally {
    await Promise.all(file.sources.map((each) => each.close?.()));
  }
}

/** GGUF's numbers of ways to make one row of a text's: those that embed, and the one that ranks. */
const embedding = [1, 2, 3];
const ranking = 4;

function describe({ metadata, tensors, sources }: GgufFile): ModelHeader {
  const architecture = metadata.string('general.architecture');
  const number = (name: string): number => {
    const value = metadata.get(`${architecture}.${name}`)?.value;
    return typeof value === 'number' ? value : 0;
  };
  const pooling = number('pooling_type');
  const template = metadata.get('tokenizer.chat_template')?.value;
  const source = typeof template === 'string' ? template : '';
  let nParams = 0;
  for (const { shape } of tensors.values()) nParams += shape.reduce((product, n) => product * n, 1);
  return {
    name: metadata.string('general.name', sources[0]!.name),
    architecture,
    nParams,
    nLayers: number('block_count'),
    nCtxTrain: number('context_length'),
    dim: number('embedding_length'),
    embeds: pooling !== ranking && (embedding.includes(pooling) || /bert/.test(architecture)),
    ranks: pooling === ranking,
    noChat: source === '' ? 'the file has no chat template' : undefined,
    thoughts: thoughtsOf({ template: source, isToken: (piece) => source.includes(piece) }),
    sampling: {},
  };
}
