import type { Backend, Look, ReadTensor } from '../backends/backend.ts';
import type { ChatTemplate } from '../chat/template.ts';
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { GgufFile } from '../gguf/read.ts';
import { readVocab } from '../gguf/vocab.ts';
import type { GraphLimits } from '../graph/graph.ts';
import type { KvType } from '../graph/layer_state.ts';
import type { BoundModel } from '../models/architecture.ts';
import { unfused } from '../models/unfused.ts';
import type { LoadProgress, ModelInfo, OpenOptions, Prompt } from '../protocol/open.ts';
import { bytesOf, elementsOf, type Tensor } from '../graph/tensor.ts';
import { sum } from '../base/numbers.ts';
import { presetFor } from '../sampling/presets.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import { checkSameVocabulary } from '../tokenizers/same_vocabulary.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import {
  bindModel,
  checkActivations,
  checkKvType,
  graphLimits,
  readTensor,
  type BackendFactory,
} from './backend_plan.ts';
import type { Embedder, EmbedderParts } from './embedder.ts';
import { encodePrompt, isNoChat, openTemplate, type NoChat } from './prompt.ts';
import type { Marks } from './marks.ts';
import { Session } from './session.ts';
import { withStoredRows } from './stored_rows.ts';
import { tick } from '#platform';
import { weightsHash } from './weights_hash.ts';

/** An opened model, inside the engine's thread. Immutable; sessions hold what changes. */
export interface LoadedModel {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  encode(prompt: Prompt): number[];
  /** How it marks its thoughts; undefined where it has none. */
  readonly marks: Marks | undefined;
  openSession(look?: Look): Session;
  /** @throws TypeError where the model makes no embeddings, and ranks nothing. */
  embedder(): Promise<Embedder>;
  /** Frees weights, sessions and threads. */
  close(): Promise<void>;
}

/** Arguments of loading beside the options. */
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
  const hash = weightsHash(file, readTensor(file, around.signal));
  const starting = createBackend({ weights: bound.weights, graph: recorded.graph, options });
  starting.catch(() => undefined); // whoever awaits it below is told; until then a failure is nobody's surprise
  try {
    await tick(); // the backend plans its memory and sends it to its threads, which come up while the tokenizer is made
    const tokenizer = await loadTokenizer(readVocab(file.metadata));
    checkVocabulary(bound, tokenizer);
    if (around.draft) checkSameVocabulary(tokenizer, around.draft.tokenizer);
    const backend = await starting;
    checkSupport(backend, bound.weights);
    const totalBytes = sum(bound.weights.map((tensor) => bytesOf(tensor)));
    await backend.upload(bound.weights, {
      read: hash.read,
      onProgress: (doneBytes) => around.onProgress?.({ doneBytes, totalBytes }),
      signal: around.signal,
    });
    const template = openTemplate(file, (piece) => tokenizer.tokenOf(piece) !== undefined);
    const marks = await loadMarks(isNoChat(template) ? '' : template.source, tokenizer);
    const loadMs = performance.now() - startMs;
    const described = describe(file, bound, limits, backend, loadMs, template, tokenizer);
    const info = { ...described, thoughts: marks?.thoughts };
    const weights = backend.activations === 'fast' ? `${hash.name()}, fast activations` : hash.name();
    const read = readTensor(file);
    const texts = { info, tokenizer, bound, graph: recorded.graph, kvType, file };
    return opened({
      info,
      tokenizer,
      marks,
      recorded,
      backend,
      read,
      template,
      weights,
      kvType,
      texts,
      draft: around.draft,
    });
  } catch (error) {
    const backend = await starting.catch(() => undefined);
    await backend?.dispose();
    throw error;
  }
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
  readonly recorded: ReturnType<BoundModel['record']>;
  readonly backend: Backend;
  readonly read: ReadTensor;
  readonly template: ChatTemplate | NoChat;
  readonly weights: string;
  readonly kvType: KvType;
  readonly texts: Omit<EmbedderParts, 'backend'>;
  readonly draft: LoadedModel | undefined;
}

function opened({
  info,
  tokenizer,
  marks,
  recorded,
  backend,
  read,
  template,
  texts,
  draft,
  ...identity
}: Parts): LoadedModel {
  const { graph, state } = recorded;
  const prepare = (look?: Look) => withStoredRows(backend.prepare(graph, look), graph, read);
  const makesRows = info.embeds || info.ranks;
  let embedder: Embedder | undefined;
  return {
    info,
    tokenizer,
    marks,
    encode: (prompt) => encodePrompt(prompt, tokenizer, template),
    async embedder() {
      if (!makesRows) throw new TypeError(`${info.name} makes text, not embeddings; open a model that makes them`);
      const { Embedder } = await import('./embedder.ts');
      return (embedder ??= new Embedder({ ...texts, backend }));
    },
    openSession(look) {
      if (makesRows)
        throw new TypeError(
          `${info.name} makes ${info.ranks ? 'scores, not text; use model.rank' : 'embeddings, not text; use model.embed'}`,
        );
      const { loadMs, sampling } = info;
      const own = { ...identity, markTokens: marks?.tokens, loadMs, sampling };
      const model = { tokenizer, ...own, openDraft: draft?.openSession };
      return new Session(model, graph, state, prepare(look));
    },
    async close() {
      await backend.dispose();
    },
  };
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
): Omit<ModelInfo, 'thoughts'> {
  const architecture = file.metadata.string('general.architecture');
  const nParams = sum(weights.map(elementsOf));
  return {
    name: file.metadata.string('general.name', file.sources[0]!.name),
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
    activations: backend.activations,
    threads: backend.threads,
    loadMs,
    sampling: presetFor({ architecture, nParams, number: (key) => numberIn(file.metadata, key) }),
    noChat: isNoChat(template) ? template.message : undefined,
  };
}

/** A number that says how to sample matters little: where it is none, it is as if it were not there. */
function numberIn(metadata: Metadata, key: string): number | undefined {
  const value = metadata.get(key)?.value;
  return typeof value === 'number' ? value : undefined;
}
