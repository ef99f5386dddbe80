/** Opening what MODEL names. */
import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  checkSamplerOptions,
  openModel,
  ResourceError,
  type GpuInfo,
  type Model,
  type ModelInfo,
  type OpenModelOptions,
  type SamplerOptions,
} from '../../src/index.ts';
import { checkOpenOptions, openModelFile, type GgufFile } from '../../src/gguf.ts';
import { adapterOptions, readAdapters } from './adapters.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';
import { headerAddress, isAddress, storedPath } from './downloads.ts';
import { checked } from './option_words.ts';
import { parseSize } from './sizes.ts';
import { counted, formatBytes, harmlessName, plural, progressBar, remark } from './terminal.ts';

/** Models that come with the source, by name: the first shard's file in `models/`, and what to call them. */
const embedded: ReadonlyMap<string, { readonly file: string; readonly title: string }> = new Map([
  ['smollm2', { file: 'smollm2-135m-instruct-q4_1-00001-of-00002.gguf', title: 'SmolLM2 135M Instruct' }],
]);

export const defaultModel = 'smollm2';

/**
 * The path of what MODEL names: an embedded model, whatever file is called so; a file; an address, which is downloaded where it is not here yet;
 * a name of the store. @throws ResourceError where there is none of it.
 */
export async function modelPath(given: string, signal: AbortSignal): Promise<string> {
  const file = embedded.get(given)?.file;
  if (file === undefined) return isAddress(given) ? (await storedPath(given, signal))! : existingPath(given, signal);
  const path = fileURLToPath(new URL(`../../models/${file}`, import.meta.url)); // seen from dist/node/
  if (existsSync(path)) return path;
  const other = existsSync(given) ? `./${given} for the file of that name` : 'the path of a GGUF file';
  throw new ResourceError(
    `the model ${given} is not here (${path}): it comes with the source, not with the npm package; give ${other}`,
  );
}

async function existingPath(given: string, signal: AbortSignal): Promise<string> {
  try {
    statSync(given);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const stored = isMissing ? await storedPath(given, signal) : undefined;
    if (stored !== undefined) return stored;
    if (isMissing) throw new ResourceError(`cannot open ${given}: ${noSuchModel(given)}`, { cause });
  }
  return given; // opening it tells what else is wrong
}

/** A name that is a file's, too. */
export function tellWhichModel(given: string | undefined): void {
  if (given === undefined || !embedded.has(given) || !existsSync(given)) return;
  remark(`${given} is the model that comes with the source; the file of that name here is ./${given}`);
}

/** What is not a file may be the name that another program has for a model. */
function noSuchModel(given: string): string {
  const isName = /^[\w.-]+([/:][\w.-]+)*$/.test(given) && !/\.\w*gguf\w*$|^\.{0,2}\//i.test(given);
  const known = `models by name are ${[...embedded.keys()].join(', ')}, and those that "thimble list" and "thimble list --offered" show`;
  const get = 'thimble pull hf:org/repo downloads one, from https://huggingface.co/models?library=gguf for example';
  const fits = 'thimble inspect says before whether it runs here';
  if (isName) return `there is no such file, and ${known}; ${get}; ${fits}`;
  if (/\s/.test(given)) return 'there is no such file; the model comes before the prompt: thimble run MODEL "PROMPT"';
  return 'there is no such file; check the path';
}

/** What to call a model, everywhere: the name in its file, unless that is not what people know it by. */
export const modelTitle = (given: string, { info }: { readonly info: { readonly name: string } }): string =>
  [...embedded].find(([name, { file }]) => given === name || basename(given) === file)?.[1].title ??
  basename(info.name);

/** What computes: `wasm-relaxed`, `webgpu on NVIDIA H100`. */
export const backendTitle = ({
  backend,
  gpu,
}: {
  readonly backend: string;
  readonly gpu?: GpuInfo | undefined;
}): string => (gpu ? `${backend} on ${gpuTitle(gpu)}` : backend);

/** The same with threads, where these compute. */
export const computedBy = (info: ModelInfo): string =>
  info.gpu ? backendTitle(info) : `${backendTitle(info)}, ${plural(info.threads, 'thread')}`;

/** Drivers name GPUs as they like, and some not at all. */
function gpuTitle({ vendor, architecture, description, isFallback }: GpuInfo): string {
  const name = description || [vendor, architecture].filter((word) => word !== '').join(' ') || 'a GPU without a name';
  return harmlessName(isFallback ? `${name}, which is software` : name);
}

/** The same for programs. */
export const computedByJson = ({ backend, gpu }: ModelInfo) => ({ backend, ...(gpu && { gpu }) });

export const modelOptions = {
  ctx: {
    short: 'c',
    value: 'N',
    help: 'positions for prompt and answer, as in 2048 or 8k (default: what the model was trained on, at most 4096)',
  },
  threads: { short: 't', value: 'N', help: 'compute threads (default: one per core, at most 8)' },
  kv: { value: 'TYPE', help: 'how keys and values are kept: f16 (default), f32 or q8_0' },
  backend: {
    value: 'NAME',
    help: `what computes: wasm (default), all cores of the processor; webgpu, a GPU (once: npm install webgpu); auto, the faster one for this model; or reference, the plain loops that define what is right`,
  },
  build: {
    value: 'NAME',
    rare: true,
    help: 'force a kernel build: relaxed or simd (default: the best that works here)',
  },
  memory: {
    value: 'BYTES',
    help: 'bytes the model may take, as in 2G or 512M, or auto: what this machine has free; weights beyond that are read from the file when they are used (default: all are in memory)',
  },
  'prefer-cached': {
    value: 'X',
    rare: true,
    help: 'an approximation, with --memory: experts in memory take the place of others whose scores are higher by at most X, up to 1, of the distance between the best and the worst (default: off)',
  },
  activations: { value: 'KIND', rare: true, help: 'exact (default; 15 bits), or fast (8 bits: faster, less faithful)' },
  ...adapterOptions,
} as const satisfies OptionTable;

/** What the command line says about opening a model, for one conversation. */
export function readModelOptions(args: Arguments): OpenModelOptions {
  const options: OpenModelOptions = {
    nCtx: args.count('ctx'),
    threads: args.count('threads'),
    backend: args.choice('backend', ['auto', 'webgpu', 'wasm', 'reference']),
    build: args.choice('build', ['relaxed', 'simd']),
    activations: args.choice('activations', ['exact', 'fast']),
    kvType: args.choice('kv', ['f16', 'f32', 'q8_0']),
    memory: readMemory(args),
    preferCached: args.number('prefer-cached'),
    maxSessions: 1,
    adapters: readAdapters(args),
  };
  checked(() => checkOpenOptions(options));
  return options;
}

function readMemory(args: Arguments): OpenModelOptions['memory'] {
  const given = args.text('memory');
  return given === undefined || given === 'auto' ? given : parseSize('memory', given);
}

export const draftOption = {
  draft: { value: 'MODEL', rare: true, help: 'a smaller model of the same vocabulary, which guesses ahead' },
} as const satisfies OptionTable;

export async function readDraft(args: Arguments, signal: AbortSignal): Promise<string | undefined> {
  const given = args.text('draft');
  if (given === '') throw new UsageError('--draft is empty, expected the path of a GGUF file');
  return given === undefined ? undefined : modelPath(given, signal);
}

/** Opens a model with a progress bar, and closes it whatever happens. */
export async function withModel<T>(
  given: string,
  options: OpenModelOptions & { readonly signal: AbortSignal },
  use: (model: Model) => Promise<T>,
): Promise<T> {
  const path = await modelPath(given, options.signal);
  const bar = progressBar('loading');
  const onProgress: OpenModelOptions['onProgress'] = ({ doneBytes, totalBytes }) =>
    bar.update(doneBytes, totalBytes, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
  const model = await openModel(path, { ...options, onProgress }).finally(() => bar.end());
  const { nCtx, nCtxTrain } = model.info;
  if (nCtx > nCtxTrain) {
    remark(
      `the context of ${counted(nCtx)} is beyond the ${counted(nCtxTrain)} positions that the model was trained on`,
    );
  }
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

interface OpenFileOptions {
  readonly signal: AbortSignal;
  readonly keepUnknown?: boolean;
  /** For commands that read the header alone. */
  readonly mayBeAddress?: boolean;
}

/** Opens a model's header, and closes the files whatever happens. */
export async function withFile<T>(
  given: string,
  { mayBeAddress = false, ...options }: OpenFileOptions,
  use: (file: GgufFile) => Promise<T>,
): Promise<T> {
  const remote = mayBeAddress && isAddress(given) ? await headerAddress(given, options.signal) : undefined;
  const source = remote?.url ?? (await modelPath(given, options.signal));
  const file = await openModelFile(source, { ...options, headers: remote?.headers ?? {} });
  try {
    return await use(file);
  } finally {
    await Promise.all(file.sources.map((source) => source.close?.()));
  }
}

/** Tokens that a setting names are the model's: its header tells, before a weight is read. */
export async function checkTokens(given: string, { logitBias }: SamplerOptions, signal: AbortSignal): Promise<void> {
  if (logitBias === undefined) return;
  const nVocab = await withFile(given, { signal }, async (file) => file.metadata.texts('tokenizer.ggml.tokens').length);
  checked(() => checkSamplerOptions({ logitBias }, nVocab));
}
