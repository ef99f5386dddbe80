/** What the routes need of whoever has models: `thimble/server` with models on demand, or one `Model` by itself. */
import type { AnswerPart } from '../chat/parts.ts';
import type { GenerateOptions, GenerateResult, ScoredToken, ToolOptions } from '../protocol/generation.ts';
import type { ModelInfo, Prompt } from '../protocol/open.ts';

/** Options of one answer, as routes make them of what a client asks for. */
export interface ServedOptions extends GenerateOptions, ToolOptions {
  readonly thinking?: 'inline' | 'split';
  readonly signal?: AbortSignal;
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
  readonly onLogProbs?: (scored: ScoredToken) => void;
}

export interface ServedAnswer extends AsyncIterable<string | AnswerPart> {
  readonly result: Promise<GenerateResult>;
}

export interface ServedSession {
  generate(prompt: Prompt, options: ServedOptions): ServedAnswer;
  close(): Promise<void>;
}

/** A session that answers one request at a time. */
export interface Slot {
  readonly session: ServedSession;
  /** @param isSound false where the session is to be made anew */
  release(isSound?: boolean): void;
}

/** The sessions of a model. */
export interface SlotPool {
  readonly nSlots: number;
  readonly nBusy: number;
  readonly nWaiting: number;
  /** Of each of them, whether it answers something. */
  readonly areBusy: readonly boolean[];
  /** A free session, the one that knows most of the text. First come, first served. */
  take(text: string, signal: AbortSignal): Promise<Slot>;
}

export interface ServedModel {
  readonly info: ModelInfo;
  openSession(): ServedSession;
  tokenize(prompt: Prompt): Promise<number[]>;
  detokenize(tokens: readonly number[], options?: { readonly special?: boolean }): Promise<string>;
  tokenBytes(tokens: readonly number[]): Promise<Uint8Array[]>;
  logits(prompt: readonly number[], onRows: (rows: Float32Array) => void, options?: Stoppable): Promise<void>;
  embed(texts: readonly (string | readonly number[])[], options?: ServedEmbedOptions): Promise<Float32Array[]>;
  rank(query: string, documents: readonly string[], options?: ServedRankOptions): Promise<ServedRanked[]>;
}

interface Stoppable {
  readonly signal?: AbortSignal;
}

export interface ServedEmbedOptions extends Stoppable {
  readonly dimensions?: number;
  readonly truncate?: boolean;
}

export interface ServedRankOptions extends Stoppable {
  readonly top?: number;
}

export interface ServedRanked {
  readonly index: number;
  readonly score: number;
  readonly document: string;
}

/** A model that can be asked for, open or not. */
export interface ListedModel {
  readonly name: string;
  /** Bytes of its files, where that is known before it is opened. */
  readonly sizeBytes?: number | undefined;
  /** Milliseconds since 1970. */
  readonly addedAt?: number | undefined;
  readonly sha256?: string | undefined;
  /** The name of its first file. */
  readonly file?: string | undefined;
}

export interface RunningModel {
  readonly name: string;
  readonly info: ModelInfo;
  readonly slots: SlotPool;
  /** When it is closed unless somebody asks again, in milliseconds since 1970; undefined where it stays. */
  readonly expiresAt: number | undefined;
}

/** What a model's file says of it. */
export type ModelHeader = Pick<
  ModelInfo,
  | 'name'
  | 'architecture'
  | 'nParams'
  | 'nLayers'
  | 'nCtxTrain'
  | 'dim'
  | 'embeds'
  | 'ranks'
  | 'noChat'
  | 'thoughts'
  | 'sampling'
>;

/** A model that was looked at, which does not open it. */
export interface Looked {
  readonly name: string;
  readonly info: ModelHeader;
}

/** A model in use: it stays open until `release`. */
export interface Held {
  readonly name: string;
  readonly model: ServedModel;
  readonly slots: SlotPool;
  /** @param keepMs how long it stays open when nobody uses it; default: as the server was told */
  release(keepMs?: number): void;
}

export interface PullProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

export interface Served {
  list(): Promise<readonly ListedModel[]>;
  running(): readonly RunningModel[];
  /** Opens a model, or waits until it is open. Without a name: the one there is. @throws HttpError where there is none of that name */
  hold(name: string | undefined, signal: AbortSignal): Promise<Held>;
  /** Looks at a model; undefined where it has to be opened for that. @throws HttpError where there is none of that name */
  look(name: string, signal: AbortSignal): Promise<Looked | undefined>;
  /** Gets a model from elsewhere; absent where the server may not. */
  readonly pull?:
    ((name: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal) => Promise<void>) | undefined;
}
