import type { Backend, Look, ReadTensor } from '../backends/backend.ts';
import type { ChatTemplate } from '../chat/template.ts';
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { GgufFile } from '../gguf/read.ts';
import { readVocab } from '../gguf/vocab.ts';
import type { GraphLimits } from '../graph/graph.ts';
import type { KvType } from '../graph/layer_state.ts';
import type { BoundModel, Recorded } from '../models/architecture.ts';
import { unfused } from '../models/unfused.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { Telling } from '../chat/tools/told.ts';
import type { GenerateOptions, ToolOptions } from '../protocol/generation.ts';
import type { LoadProgress, ModelInfo, OpenOptions, Prompt } from '../protocol/open.ts';
import { bytesOf, elementsOf, type Tensor } from '../graph/tensor.ts';
import { sum } from '../base/numbers.ts';
import { presetFor } from '../sampling/presets.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import {
  bindModel,
  checkActivations,
  checkKvType,
  defaultSessions,
  graphLimits,
  readTensor,
  type BackendFactory,
} from './backend_plan.ts';
import type { AdapterGiven, Adapters } from './adapters.ts';
import type { Embedder, EmbedderParts } from './embedder.ts';
import { encodePrompt, isNoChat, openTemplate, speaksOfTools, type NoChat } from './prompt.ts';
import type { Marks } from './marks.ts';
import { ready } from './ready.ts';
import { Session } from './session.ts';
import type { withStoredRows } from './stored_rows.ts';
import type { SharedModel, Timeline } from './timeline.ts';
import { tick } from '#platform';
import { weightsHash } from './weights_hash.ts';

/** An opened model, inside the engine's thread. Immutable; sessions hold what changes. */
export interface LoadedModel {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  encode(prompt: Prompt): number[];
  /** Options of an answer, with what its prompt's tools make of them. Comes before `encode` of a prompt that may speak of tools. */
  withTools(prompt: Prompt, options: GenerateOptions & ToolOptions): Promise<GenerateOptions>;
  /** How it marks its thoughts; undefined where it has none. */
  readonly marks: Marks | undefined;
  /** `uses` left out: the adapters that the model was opened with. */
  openSession(uses?: readonly AdapterUse[], look?: Look): Session;
  /**
   * Has a session go on with these adapters: it reads its text again, where they are others.
   * @throws TypeError for adapters that are not there, ResourceError where there is no room: the session is then as it was.
   */
  adapt(session: Session, uses?: readonly AdapterUse[]): Promise<void>;
  /** @throws TypeError where the model makes no embeddings, and ranks nothing. */
  embedder(uses?: readonly AdapterUse[]): Promise<Embedder>;
  /** Whether one of its threads has died. */
  isDead(): boolean;
  /** Comes with the reason when it has died, where that is known before the next call. */
  readonly died: Promise<Error> | undefined;
  /** Frees weights, sessions and threads. */
  close(): Promise<void>;
}

/** Arguments of loading beside the options. */
export interface LoadOptions {
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  /** A smaller model of the same vocabulary, for `speculate: 'draft'`. Whoever opened it closes it. */
  readonly draft?: LoadedModel;
  /** Files to be added. Whoever opened them closes them. */
  readonly adapters?: readonly AdapterGiven[] | undefined;
}

/**
 * Opens a model: the one place where files, families, tokenizers, templates and backends meet.
 * @throws FormatError, UnsupportedError, ResourceError as the parts do; RangeError for options out of range; AbortError.
 */
export async function loadModel(
  opening: GgufFile,
  options: OpenOptions,
  createBackend: BackendFactory,
  around: LoadOptions = {},
): Promise<LoadedModel> {
  const startMs = performance.now();
  const file = unfused(opening);
  const bound = await bindModel(file);
  const limits = graphLimits(options, bound);
  checkActivations(options.activations ?? 'exact');
  const kvType = checkKvType(options.kvType ?? 'f16');
  const recorded = bound.record(limits, kvType);
  const rows = recorded.graph.stored?.length ? await import('./stored_rows.ts') : undefined;
  const architecture = file.metadata.string('general.architecture');
  const { signal } = around;
  const base = { bound, architecture, limits, kvType, stored: opening.tensors, tensors: file.tensors, signal };
  const adapters = around.adapters && (await (await import('./adapters.ts')).openAdapters(around.adapters, base)); // few programs have some
  const hash = weightsHash(file, readTensor(file, signal));
  const weights = [...bound.weights, ...(adapters?.weights ?? [])];
  const graphs = adapters ? { graph: adapters.largest.graph, part: recorded.graph } : { graph: recorded.graph };
  const starting = createBackend({ weights, ...graphs, options, signal: signal });
  starting.catch(() => undefined); // whoever awaits it below is told; until then a failure is nobody's surprise
  try {
    await tick(); // the backend plans its memory and sends it to its threads, which come up while the tokenizer is made
    const tokenizer = await loadTokenizer(readVocab(file.metadata));
    checkVocabulary(bound, tokenizer);
    const talking = talkOf(file, tokenizer, options.chatTemplate); // what it takes comes while weights are read
    talking.catch(() => undefined);
    const { draft } = around;
    if (draft) (await import('./same_vocabulary.ts')).checkSameVocabulary(tokenizer, draft.tokenizer);
    const backend = await starting;
    checkSupport(backend, weights);
    const totalBytes = sum(weights.map((tensor) => bytesOf(tensor)));
    const beside = (read: ReadTensor, isAgain = false) => adapters?.readBeside(read, isAgain) ?? read;
    await backend.upload(weights, {
      read: beside(hash.read),
      readAgain: beside(readTensor(file, signal), true),
      readLater: beside(readTensor(file), true),
      onProgress: (doneBytes) => around.onProgress?.({ doneBytes, totalBytes }),
      signal: signal,
    });
    const { template, marks } = await talking;
    const about = describe(file, bound, limits, backend, performance.now() - startMs, template, tokenizer);
    const { maxSessions = defaultSessions } = options;
    const info = { ...about, maxSessions, adapters: adapters?.infos ?? [], thoughts: marks?.thoughts };
    const name = backend.activations === 'fast' ? `${hash.name()}, fast activations` : hash.name();
    const read = readTensor(file);
    const texts = { info, tokenizer, bound, kvType, file };
    const made = { info, tokenizer, marks, recorded, backend, read, template, name, kvType, texts, draft, adapters };
    return opened({ ...made, withStoredRows: rows?.withStoredRows });
  } catch (error) {
    const backend = await starting.catch(() => undefined);
    await backend?.dispose();
    throw error;
  }
}

/** How the model is told of a conversation, and how it marks its thoughts. */
async function talkOf(file: GgufFile, tokenizer: Tokenizer, given: string | undefined) {
  const hasToken = (piece: string) => tokenizer.tokenOf(piece) !== undefined;
  const template = openTemplate(await import('../chat/template.ts'), file, hasToken, given);
  return { template, marks: await loadMarks(isNoChat(template) ? '' : template.source, tokenizer) };
}

/** What is known about thoughts is loaded for models that may have some: that have a word for it, or a token. */
async function loadMarks(template: string, tokenizer: Tokenizer): Promise<Marks | undefined> {
  const mayThink =
    /think|thought|channel|inner_prefix/i.test(template) || tokenizer.addedTokenOf('<think>') !== undefined;
  return mayThink ? (await import('./marks.ts')).marksOf(template, tokenizer) : undefined;
}

interface Parts {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  readonly marks: Marks | undefined;
  readonly recorded: Recorded;
  readonly backend: Backend;
  readonly read: ReadTensor;
  /** Where a graph has some. */
  readonly withStoredRows: typeof withStoredRows | undefined;
  readonly template: ChatTemplate | NoChat;
  /** Names the weights. */
  readonly name: string;
  readonly kvType: KvType;
  readonly texts: Omit<EmbedderParts, 'backend' | 'graph' | 'adapt'>;
  readonly draft: LoadedModel | undefined;
  readonly adapters: Adapters | undefined;
}

function opened(given: Parts): LoadedModel {
  const parts = { ...given, shared: { timelines: new Set<Timeline>() } };
  const { info, tokenizer, marks, backend, template, kvType, texts, draft } = parts;
  const makesRows = info.embeds || info.ranks;
  let embedder: { readonly weights: string; readonly made: Embedder } | undefined;
  let telling: Telling | undefined;
  return {
    info,
    tokenizer,
    marks,
    encode: (prompt) => encodePrompt(prompt, tokenizer, template, telling),
    async withTools(prompt, { toolChoice, parallelToolCalls, ...options }) {
      if (isNoChat(template) || (toolChoice === undefined && !speaksOfTools(prompt))) return options;
      const { tellingOf, withCalls } = await import('./tools.ts');
      telling ??= tellingOf({ tokenizer, template });
      return withCalls(prompt, { toolChoice, parallelToolCalls, ...options }, { tokenizer, template, telling });
    },
    async embedder(uses) {
      if (!makesRows) throw new TypeError(`${info.name} makes text, not embeddings; open a model that makes them`);
      const { Embedder } = await import('./embedder.ts');
      const { weights, ...recording } = graphOf(parts, uses);
      if (embedder?.weights !== weights) {
        embedder?.made.close(); // first: the other one takes its place
        embedder = { weights, made: new Embedder({ ...texts, ...recording, backend }) };
      }
      return embedder.made;
    },
    openSession(uses, look) {
      if (makesRows) throw new TypeError(info.noChat);
      const { loadMs, sampling } = info;
      const model = {
        tokenizer,
        marks,
        kvType,
        loadMs,
        sampling,
        openDraft: draft && (() => ready(draft.openSession())),
      };
      return new Session(model, graphOf(parts, uses), look);
    },
    async adapt(session, uses) {
      const before = session.goOnWith(graphOf(parts, uses));
      await session.room?.catch((error) => {
        if (before) session.goOnWith(before);
        throw error;
      });
    },
    isDead: () => backend.isDead === true,
    died: backend.died,
    async close() {
      await backend.dispose();
    },
  };
}

/** What a session with these adapters runs. */
function graphOf(parts: Parts & { readonly shared: SharedModel }, uses: readonly AdapterUse[] | undefined) {
  const { name, recorded, backend, read, adapters, shared, withStoredRows } = parts;
  if (!adapters && uses && uses.length > 0)
    throw new TypeError('the model was opened without adapters; open it with some: openModel(source, { adapters })');
  const set = adapters?.recorded(uses);
  const { graph, state } = set ?? recorded;
  const prepare = (look?: Look) => {
    const program = backend.prepare(graph, look);
    return withStoredRows?.(program, graph, read) ?? program;
  };
  return { graph, state, adapt: set?.adapt, weights: set ? `${name} + ${set.name}` : name, prepare, shared };
}

/** Logits and tokens are counted alike. */
export function checkVocabulary({ config }: BoundModel, { nVocab }: Tokenizer): void {
  if (config.nVocab === nVocab) return;
  const came = `token_embd.weight has ${config.nVocab} rows, the tokenizer ${nVocab} tokens`;
  throw new FormatError(`${came}; damaged file, or converted wrongly?`);
}

function checkSupport(backend: Backend, weights: readonly Tensor[]): void {
  const bad = weights.find(({ quant }) => !backend.supports(quant));
  if (!bad) return;
  const came = `${bad.name} is ${bad.quant.name}, which the ${backend.name} backend cannot hold`;
  throw new UnsupportedError(`${came}; quantise the model to another type, such as q4_0 or q8_0`);
}

function describe(
  file: GgufFile,
  { config, weights }: BoundModel,
  { nCtx }: GraphLimits,
  backend: Backend,
  loadMs: number,
  template: ChatTemplate | NoChat,
  { addBos, bosToken }: Tokenizer,
): Omit<ModelInfo, 'adapters' | 'thoughts' | 'maxSessions'> {
  const architecture = file.metadata.string('general.architecture');
  const nParams = sum(weights.map(elementsOf));
  const name = file.metadata.string('general.name', file.sources[0]!.name);
  return {
    name,
    architecture,
    nParams,
    weightBytes: sum(weights.map((tensor) => bytesOf(tensor))),
    nVocab: config.nVocab,
    bosToken: addBos ? bosToken : undefined,
    embeds: config.pooling !== undefined && config.pooling !== 'rank',
    ranks: config.pooling === 'rank',
    nLayers: config.nLayers,
    dim: config.dim,
    nCtx,
    nCtxTrain: config.nCtxTrain,
    backend: backend.name,
    gpu: backend.gpu,
    noGpu: backend.noGpu,
    activations: backend.activations,
    threads: backend.threads,
    noThreads: backend.noThreads,
    paging: backend.paging,
    loadMs,
    sampling: presetFor({ architecture, nParams, number: (key) => numberIn(file.metadata, key) }),
    noChat: noTextFrom(name, config) ?? (isNoChat(template) ? template.message : undefined),
  };
}

/** Why a model answers nothing, if it makes rows of numbers instead. */
function noTextFrom(name: string, { pooling }: BoundModel['config']): string | undefined {
  if (pooling === undefined) return undefined;
  return `${name} makes ${pooling === 'rank' ? 'scores, not text; use model.rank' : 'embeddings, not text; use model.embed'}`;
}

/** A number that says how to sample matters little: where it is none, it is as if it were not there. */
function numberIn(metadata: Metadata, key: string): number | undefined {
  const value = metadata.get(key)?.value;
  return typeof value === 'number' ? value : undefined;
}
