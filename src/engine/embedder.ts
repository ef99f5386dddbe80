import { FormatError } from '../base/errors.ts';
import { sum } from '../base/numbers.ts';
import type { Backend, Program } from '../backends/backend.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Graph } from '../graph/graph.ts';
import type { KvType } from '../graph/layer_state.ts';
import type { BoundModel, Recording } from '../models/architecture.ts';
import type { Pooling } from '../models/pooling.ts';
import type { ModelInfo } from '../protocol/open.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { ready } from './ready.ts';
import type { Pause } from './score.ts';
import { prefixOf, tasksOf, type Named } from './tasks.ts';
import { textSteps, type TextStep } from './text_steps.ts';

/** A model for which a text has rows of numbers instead of a next token. */
export interface TextModel extends Named {
  readonly tokenizer: Tokenizer;
  readonly nCtx: number;
  readonly pooling: Pooling;
  /** A text's beginning depends on its end, so it is read in one step. */
  readonly isBidirectional: boolean;
  /** The template of a query and a document, of rerankers that have one. */
  readonly rankTemplate: string | undefined;
  /** Of a reranker's numbers, those are chances: the score is that of the first. */
  readonly isChoice: boolean;
  /** Records the graph that pools so, and gives it memory. */
  prepare(pooling: Pooling): Prepared;
}

interface Prepared {
  readonly graph: Graph;
  readonly program: Program;
}

/** What goes on around a batch. */
export interface Around {
  readonly pause: Pause;
  readonly onProgress: (nDone: number) => void;
}

export interface EmbedSettings {
  readonly truncate: boolean;
  /** Default: the model's own. */
  readonly pooling: Pooling | undefined;
  readonly task: string | undefined;
}

/** The parts of an opened model that an embedder takes. */
export interface EmbedderParts {
  readonly info: Pick<ModelInfo, 'name' | 'architecture' | 'nCtx'>;
  readonly tokenizer: Tokenizer;
  readonly bound: BoundModel;
  /** With the pooling that the model was trained with. */
  readonly graph: Graph;
  /** Has a recording add what adapters add. */
  readonly adapt: Recording['adapt'];
  readonly kvType: KvType;
  readonly file: GgufFile;
  readonly backend: Backend;
}

function textModel({ info, tokenizer, bound, graph: own, adapt, kvType, file, backend }: EmbedderParts): TextModel {
  const { metadata, sources } = file;
  const { pooling, isBidirectional = false, isChoice = false } = bound.config;
  const { name, architecture, nCtx } = info;
  return {
    ...{ name, architecture, nCtx, tokenizer, isBidirectional, isChoice, pooling: pooling! },
    names: [name, metadata.string('general.basename', ''), sources[0]!.name],
    rankTemplate: metadata.string('tokenizer.chat_template.rerank', undefined),
    prepare(pooling) {
      const { nCtx, maxTokens, maxTexts } = own;
      const limits = { nCtx, maxTokens, maxTexts, maxLogits: pooling === 'none' ? maxTokens : own.maxLogits };
      const graph = pooling === bound.config.pooling ? own : bound.record(limits, kvType, { pooling, adapt }).graph;
      return { graph, program: backend.prepare(graph) };
    },
  };
}

/** Makes rows of numbers of texts: many texts in a step, each as if it were alone. */
export class Embedder {
  readonly model: TextModel;
  private prepared: (Prepared & { readonly pooling: Pooling }) | undefined;

  constructor(parts: EmbedderParts) {
    this.model = textModel(parts);
  }

  /**
   * One row of each text, `[nCols]`; with `none` those of its tokens, `[nTokens * nCols]`.
   * @throws RangeError for a text that is too long or empty, ResourceError where there is no room, before the first is read.
   */
  async embed(
    texts: readonly (string | readonly number[])[],
    { truncate, pooling: given, task }: EmbedSettings,
    around: Around,
  ): Promise<Float32Array[]> {
    const { isBidirectional, name } = this.model;
    if (this.model.pooling === 'rank')
      throw new TypeError(`${name} ranks documents and makes no embeddings; use model.rank`);
    const pooling = given ?? this.model.pooling;
    const prefix = task === undefined ? '' : prefixOf(this.model, task);
    const tokens = (text: string | readonly number[]) => this.tokensOf(text, { truncate, prefix });
    const all = texts.map((text, i) => (texts.length > 1 ? named(`text ${i}`, () => tokens(text)) : tokens(text)));
    const { maxTokens } = (await this.preparedFor(pooling)).graph;
    const long = all.find(({ length }) => length > maxTokens);
    if (long && !isBidirectional && (pooling === 'mean' || pooling === 'cls')) {
      const came = `a text of ${long.length} tokens, which this model reads ${maxTokens} at a time`;
      throw new RangeError(`${came}: the pooling ${pooling} sees ${maxTokens} at most; use last, or split the text`);
    }
    return this.read(all, pooling, around);
  }

  /** What the model's card has prefixes for; nothing where it is not known here. */
  tasks(): string[] {
    return Object.keys(tasksOf(this.model) ?? {});
  }

  /** The tokens of a text, with what stands around it; of one that is too long, its beginning where `truncate` says so. */
  tokensOf(
    text: string | readonly number[],
    { truncate, prefix = '' }: { readonly truncate: boolean; readonly prefix?: string },
  ): readonly number[] {
    const { addBos, addEos, eosToken, encode, nVocab } = this.model.tokenizer;
    const isText = typeof text === 'string';
    if (!isText && prefix !== '')
      throw new TypeError('a task goes with texts, and tokens came; put its prefix among them');
    const tokens = isText ? encode(prefix + text, { bos: addBos, eos: addEos }) : text;
    const bad = tokens.findIndex((token) => !(Number.isInteger(token) && token >= 0 && token < nVocab));
    if (bad >= 0) throw new RangeError(`token ${tokens[bad]}, expected 0 to ${nVocab - 1}`);
    const { nCtx } = this.model;
    if (tokens.length === 0) throw new RangeError('a text without tokens has no embedding; give some text');
    if (tokens.length <= nCtx) return tokens;
    if (!truncate) {
      throw new RangeError(
        `a text of ${tokens.length} tokens, the model reads ${nCtx}; split it, or set truncate to true`,
      );
    }
    const ending = isText && addEos ? [eosToken!] : [];
    return [...tokens.slice(0, nCtx - ending.length), ...ending];
  }

  /** What the graph makes of each text. */
  async read(texts: readonly (readonly number[])[], pooling: Pooling, around: Around): Promise<Float32Array[]> {
    const { graph, program } = await this.preparedFor(pooling);
    const { logits } = graph;
    const nCols = logits.shape[1]!;
    const found = texts.map((): Float32Array[] => []);
    let nDone = 0;
    for (const { step, indices, isEnd } of textSteps(texts, graph)) {
      const nRows = nRowsOf(step, pooling, isEnd);
      await program.run({ ...step, nLogits: sum(nRows) });
      const rows = await program.read(logits);
      let at = 0;
      for (const [i, index] of indices.entries()) {
        found[index]!.push(finite(rows.slice(at * nCols, (at + nRows[i]!) * nCols)));
        at += nRows[i]!;
      }
      if (isEnd) around.onProgress((nDone += indices.length));
      await around.pause();
    }
    return found.map((parts) => (parts.length === 1 ? parts[0]! : joined(parts)));
  }

  /** Returns the memory. */
  close(): void {
    this.prepared?.program.dispose();
  }

  /** One graph at a time has memory. */
  private async preparedFor(pooling: Pooling): Promise<Prepared> {
    if (this.prepared?.pooling === pooling) return this.prepared;
    this.prepared?.program.dispose();
    this.prepared = undefined;
    const made = { pooling, ...this.model.prepare(pooling) };
    await ready({ room: made.program.room, close: () => made.program.dispose() });
    return (this.prepared = made);
  }
}

/** Rows that come of each text of a step: of all tokens, or one where the text ends. */
function nRowsOf({ texts, tokens }: TextStep['step'], pooling: Pooling, isEnd: boolean): number[] {
  const lengths = texts ? texts.map(({ nTokens }) => nTokens) : [tokens.length];
  return pooling === 'none' ? lengths : lengths.map(() => (isEnd ? 1 : 0));
}

/** @throws FormatError for a row that is not all numbers: nothing can be compared with it. */
function finite(row: Float32Array): Float32Array {
  const bad = row.findIndex((x) => !Number.isFinite(x));
  if (bad < 0) return row;
  throw new FormatError(`a text's row has ${row[bad]}, expected finite numbers; damaged weights, or too large ones?`);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(sum(parts.map(({ length }) => length)));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Runs `make`; what is wrong with a text is told with its name. */
export function named<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new RangeError(`${name}: ${error.message}`);
    throw error;
  }
}
