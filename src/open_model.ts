import type { Backend } from './backends/backend.ts';
import { chatTemplateFor, type ChatMessage, type ChatTemplate, type ToolDefinition } from './chat/template.ts';
import { UnsupportedError } from './errors.ts';
import type { GgufFile, GgufTensor } from './gguf/read.ts';
import { readVocab } from './gguf/vocab.ts';
import type { Graph, GraphLimits } from './graph.ts';
import { kvTypes, type KvType } from './layer_state.ts';
import { recordedTensors, type BoundModel, type Numbers } from './models/architecture.ts';
import { architectureByName } from './models/index.ts';
import { Session } from './session.ts';
import { checkSameVocabulary } from './speculative/draft_model.ts';
import type { Tensor } from './tensor.ts';
import { createTokenizer } from './tokenizers/index.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';

/** How a model is opened. Everything has a default that works. */
export interface OpenOptions {
  /** Positions a session holds: prompt and answer together. Default: what the model was trained on, at most 4096. */
  readonly nCtx?: number;
  /** How keys and values are kept. Default `f16`. */
  readonly kvType?: KvType;
  /** `wasm` (default) for speed, `reference` for plain loops. */
  readonly backend?: 'wasm' | 'reference';
  /** Compute threads, 1 to 64. Default: one per core, at most 8; `info.threads` says how many there are. */
  readonly threads?: number;
  /** Forces a kernel build by name; default: the best one that works here. */
  readonly build?: 'relaxed' | 'simd';
  /** Sessions that can be open at a time; memory is set aside for them. Default 4. */
  readonly maxSessions?: number;
  /**
   * Logits rows per step, `nVocab` floats each: `logits()` and `score()` get so many at a time, and speculation can guess one
   * token less. Default 8.
   */
  readonly maxLogits?: number;
}

export interface LoadProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What an opened model is, for a status line. */
export interface ModelInfo {
  /** `general.name`, or the file's. */
  readonly name: string;
  readonly architecture: string;
  readonly nParams: number;
  /** Bytes of weights in the file. */
  readonly weightBytes: number;
  readonly nVocab: number;
  /** What every text starts with; undefined where the model wants none. */
  readonly bosToken: number | undefined;
  readonly nLayers: number;
  readonly dim: number;
  readonly nCtx: number;
  readonly nCtxTrain: number;
  readonly backend: string;
  readonly threads: number;
  /** Milliseconds from the call until the model could answer. */
  readonly loadMs: number;
  /** Why there can be no chat; undefined when there can. */
  readonly noChat: string | undefined;
}

/**
 * What a model is asked to go on from: text (with BOS in front if the model wants one), tokens as they are, or a
 * conversation that the model's chat template turns into text.
 */
export type Prompt =
  | string
  | readonly number[]
  | { readonly text: string; readonly special?: boolean; readonly bos?: boolean; readonly eos?: boolean }
  | { readonly messages: readonly ChatMessage[]; readonly tools?: readonly ToolDefinition[] };

/** Most tokens per prefill step: the weights are read once for so many, and the activations still fit in cache. */
const prefillChunk = 128;

/** Two tiles of the matrix kernel: a step that verifies 7 guesses is used to the full. */
const defaultMaxLogits = 8;

/** Where a context ends unless `nCtx` says otherwise: beyond, the cache of a phone-sized model outgrows its weights. */
const defaultMaxCtx = 4096;

/** An opened model, inside the engine's thread. Immutable; sessions hold what changes. */
export interface LoadedModel {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  encode(prompt: Prompt): number[];
  openSession(): Session;
  /** Frees weights, sessions and threads. */
  close(): Promise<void>;
}

/** The backends by name; what each needs to know is worked out from the header alone. */
export type BackendFactory = (plan: BackendPlan) => Promise<Backend>;

export interface BackendPlan {
  readonly weights: readonly Tensor[];
  /** What every session will run: memory is sized by it. */
  readonly graph: Graph;
  readonly options: OpenOptions;
}

/** What loading may be given beside the options. */
export interface LoadOptions {
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  /** A smaller model of the same vocabulary, for `speculate: 'draft'`. Whoever opened it closes it. */
  readonly draft?: LoadedModel;
}

/**
 * Opens a model: the one place where files, families, tokenizers, templates and backends meet.
 * @throws FormatError, UnsupportedError, ResourceError as the parts do; RangeError for options out of range; AbortError.
 */
export async function loadModel(
  file: GgufFile,
  options: OpenOptions,
  createBackend: BackendFactory,
  around: LoadOptions = {},
): Promise<LoadedModel> {
  const startMs = performance.now();
  const architecture = file.metadata.string('general.architecture');
  const bound = architectureByName(architecture).bind(file.metadata, file.tensors, await readNumbers(file));
  const limits = graphLimits(options, bound);
  const recorded = bound.record(limits, checkKvType(options.kvType ?? 'f16'));
  const starting = createBackend({ weights: bound.weights, graph: recorded.graph, options });
  try {
    const tokenizer = createTokenizer(readVocab(file.metadata)); // takes about as long as threads need to come up
    if (around.draft) checkSameVocabulary(tokenizer, around.draft.tokenizer);
    const backend = await starting;
    checkSupport(backend, bound.weights);
    const totalBytes = bound.weights.reduce((sum, { name }) => sum + file.tensors.get(name)!.sizeBytes, 0);
    await backend.upload(bound.weights, {
      read: readTensor(file, around.signal),
      onProgress: (doneBytes) => around.onProgress?.({ doneBytes, totalBytes }),
      signal: around.signal,
    });
    const template = openTemplate(file, tokenizer);
    const info = describe(file, bound, limits, backend, performance.now() - startMs, template, tokenizer);
    const fingerprint = fingerprintOf(file);
    return opened({ info, tokenizer, recorded, backend, template, fingerprint, draft: around.draft });
  } catch (error) {
    const backend = await starting.catch(() => undefined);
    await backend?.dispose();
    throw error;
  }
}

interface Parts {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  readonly recorded: ReturnType<BoundModel['record']>;
  readonly backend: Backend;
  readonly template: ChatTemplate | UnsupportedError;
  readonly fingerprint: string;
  readonly draft: LoadedModel | undefined;
}

function opened({ info, tokenizer, recorded, backend, template, fingerprint, draft }: Parts): LoadedModel {
  const { graph, state } = recorded;
  return {
    info,
    tokenizer,
    encode: (prompt) => encodePrompt(prompt, tokenizer, template),
    openSession() {
      const model = { tokenizer, fingerprint, loadMs: info.loadMs, openDraft: draft?.openSession };
      return new Session(model, graph, state, backend.prepare(graph));
    },
    async close() {
      await backend.dispose();
    },
  };
}

function encodePrompt(prompt: Prompt, tokenizer: Tokenizer, template: ChatTemplate | UnsupportedError): number[] {
  if (typeof prompt === 'string') return tokenizer.encode(prompt, { bos: tokenizer.addBos });
  if (isTokens(prompt)) return [...prompt];
  if ('text' in prompt) {
    const { text, special = false, bos = false, eos = false } = prompt;
    return tokenizer.encode(text, { special, bos, eos });
  }
  if (template instanceof UnsupportedError) throw template;
  const piece = (token: number | undefined) => (token === undefined ? '' : tokenizer.piece(token));
  const segments = template.renderSegments({
    messages: prompt.messages,
    tools: prompt.tools,
    addGenerationPrompt: true,
    bosToken: piece(tokenizer.bosToken),
    eosToken: piece(tokenizer.eosToken),
  });
  const tokens = tokenizer.encodeSegments(segments);
  const { addBos, bosToken } = tokenizer;
  if (addBos && bosToken !== undefined && tokens[0] !== bosToken) tokens.unshift(bosToken);
  return tokens;
}

const isTokens = (prompt: Prompt): prompt is readonly number[] => Array.isArray(prompt);

function openTemplate(file: GgufFile, tokenizer: Tokenizer): ChatTemplate | UnsupportedError {
  try {
    return chatTemplateFor({
      template: file.metadata.string('tokenizer.chat_template', undefined),
      hasToken: (piece) => tokenizer.tokenOf(piece) !== undefined,
    });
  } catch (error) {
    if (error instanceof UnsupportedError) return error;
    throw error;
  }
}

/** What a session of this model is sized for. */
export function graphLimits(
  { nCtx, maxLogits = defaultMaxLogits, maxSessions = 1 }: OpenOptions,
  { config }: BoundModel,
): GraphLimits {
  const chosen = nCtx ?? Math.min(config.nCtxTrain, defaultMaxCtx);
  checkCount('nCtx', chosen, 2 ** 24);
  checkCount('maxLogits', maxLogits, prefillChunk);
  checkCount('maxSessions', maxSessions, 1024);
  return { nCtx: chosen, maxTokens: Math.min(chosen, prefillChunk), maxLogits: Math.min(chosen, maxLogits) };
}

function checkKvType(kvType: KvType): KvType {
  if (kvTypes.includes(kvType)) return kvType;
  throw new RangeError(`kvType is ${JSON.stringify(kvType)}, expected one of ${kvTypes.join(', ')}`);
}

function checkCount(name: string, n: number, max: number): void {
  if (Number.isInteger(n) && n >= 1 && n <= max) return;
  throw new RangeError(`${name} is ${n}, expected a whole number from 1 to ${max.toLocaleString('en')}`);
}

function checkSupport(backend: Backend, weights: readonly Tensor[]): void {
  const bad = weights.find(({ quant }) => !backend.supports(quant));
  if (!bad) return;
  const came = `${bad.name} is ${bad.quant.name}, which the ${backend.name} backend cannot hold`;
  throw new UnsupportedError(`${came}; quantise the model to another type, such as q4_0 or q8_0`);
}

/** Decodes the few tensors whose numbers recording needs. */
export async function readNumbers(file: GgufFile): Promise<Numbers> {
  const numbers = new Map<string, Float32Array>();
  const read = readTensor(file);
  for (const name of recordedTensors) {
    const tensor = file.tensors.get(name);
    if (!tensor?.quant.dequantize) continue;
    const bytes = new Uint8Array(tensor.sizeBytes);
    await read(tensor, 0, bytes);
    const floats = new Float32Array(tensor.shape.reduce((product, n) => product * n, 1));
    tensor.quant.dequantize(bytes, floats);
    numbers.set(name, floats);
  }
  return numbers;
}

/** Reads inside one tensor of a (possibly split) file. */
function readTensor(file: GgufFile, signal?: AbortSignal) {
  return (tensor: Tensor, offsetBytes: number, into: Uint8Array): Promise<void> => {
    const place = file.tensors.get(tensor.name) as GgufTensor;
    return file.sources[place.shardIndex]!.read(place.offsetBytes + offsetBytes, into, signal);
  };
}

function describe(
  file: GgufFile,
  { config, weights }: BoundModel,
  { nCtx }: GraphLimits,
  backend: Backend,
  loadMs: number,
  template: ChatTemplate | UnsupportedError,
  { addBos, bosToken }: Tokenizer,
): ModelInfo {
  return {
    name: file.metadata.string('general.name', file.sources[0]!.name),
    architecture: file.metadata.string('general.architecture'),
    nParams: weights.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0),
    weightBytes: weights.reduce((sum, { name }) => sum + file.tensors.get(name)!.sizeBytes, 0),
    nVocab: config.nVocab,
    bosToken: addBos ? bosToken : undefined,
    nLayers: config.nLayers,
    dim: config.dim,
    nCtx,
    nCtxTrain: config.nCtxTrain,
    backend: backend.name,
    threads: backend.threads,
    loadMs,
    noChat: template instanceof UnsupportedError ? template.message : undefined,
  };
}

/** Names the weights a saved session fits: a hash (FNV-1a) over what the tensors are called and where they lie. */
function fingerprintOf(file: GgufFile): string {
  let hash = 0x811c9dc5;
  for (const { name, quant, shape, offsetBytes } of file.tensors.values()) {
    for (const char of `${name} ${quant.name} ${shape.join(',')} ${offsetBytes};`) {
      hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
    }
  }
  return `${file.metadata.string('general.name', 'model')} ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
