/** Opening what MODEL names. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openModel, ResourceError, type Model, type OpenModelOptions } from '../../src/index.ts';
import { openModelFile, type GgufFile } from '../../src/gguf.ts';
import type { Arguments, OptionTable } from './command.ts';
import { formatBytes, progressBar } from './terminal.ts';

/** Models that come with the source, by name: the first shard's file in `models/`, and what to call them. */
const embedded: ReadonlyMap<string, { readonly file: string; readonly title: string }> = new Map([
  ['smollm2', { file: 'smollm2-135m-instruct-q4_1-00001-of-00002.gguf', title: 'SmolLM2 135M Instruct' }],
]);

export const defaultModel = 'smollm2';

/** A path as it is; an embedded model's name unless a file is called so. */
export function modelPath(given: string): string {
  const file = embedded.get(given)?.file;
  if (file === undefined || existsSync(given)) return given;
  const path = fileURLToPath(new URL(`../../models/${file}`, import.meta.url)); // seen from dist/node/
  if (existsSync(path)) return path;
  throw new ResourceError(
    `the model ${given} is not here (${path}): it comes with the source, not with the npm package; give the path of a GGUF file`,
  );
}

/** What to call a model: the name in its file, unless that is not what people know it by. */
export const modelTitle = (given: string, { info }: Model): string => embedded.get(given)?.title ?? info.name;

export const modelOptions = {
  ctx: { value: 'N', help: 'positions for prompt and answer (default: what the model was trained on, at most 4096)' },
  threads: { value: 'N', help: 'compute threads (default: one per core, at most 8)' },
  backend: { value: 'NAME', help: 'wasm (default) or reference, the plain loops that define what is right' },
  build: { value: 'NAME', help: 'force a kernel build: relaxed or simd (default: the best that works here)' },
  activations: { value: 'KIND', help: 'exact (default; 15 bits), or fast (8 bits: faster, less faithful)' },
  kv: { value: 'TYPE', help: 'how keys and values are kept: f16 (default), f32 or q8_0' },
} as const satisfies OptionTable;

/** How keys and values are kept; undefined for the default. */
export const readKvType = (args: Arguments) => args.choice('kv', ['f16', 'f32', 'q8_0']);

export const readModelOptions = (args: Arguments): OpenModelOptions => ({
  nCtx: args.count('ctx'),
  threads: args.count('threads'),
  backend: args.choice('backend', ['wasm', 'reference']),
  build: args.choice('build', ['relaxed', 'simd']),
  activations: args.choice('activations', ['exact', 'fast']),
  kvType: readKvType(args),
});

export const draftOption = {
  draft: { value: 'MODEL', help: 'a smaller model of the same vocabulary, for --speculate draft' },
} as const satisfies OptionTable;

export function readDraft(args: Arguments): string | undefined {
  const given = args.text('draft');
  return given === undefined ? undefined : modelPath(given);
}

/** Opens a model with a progress bar, and closes it whatever happens. */
export async function withModel<T>(
  given: string,
  options: OpenModelOptions & { readonly signal: AbortSignal },
  use: (model: Model) => Promise<T>,
): Promise<T> {
  const path = modelPath(given);
  const bar = progressBar('loading');
  const onProgress: OpenModelOptions['onProgress'] = ({ doneBytes, totalBytes }) =>
    bar.update(doneBytes, totalBytes, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
  const model = await openModel(path, { ...options, onProgress }).finally(() => bar.end());
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

/** Opens a model's header, and closes the files whatever happens. */
export async function withFile<T>(given: string, signal: AbortSignal, use: (file: GgufFile) => Promise<T>): Promise<T> {
  const file = await openModelFile(modelPath(given), { signal });
  try {
    return await use(file);
  } finally {
    await Promise.all(file.sources.map((source) => source.close?.()));
  }
}
