/** What the calls of the library take beside their arguments. */
import type { ChatMessage, Conversation, ToolDefinition } from '../chat/conversation.ts';
import type { DownloadProgress } from '../platform/receiving.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { ModelSource } from '../platform/platform.ts';
import type { StoredSource } from '../store/types.ts';
import type { AdapterOpening } from '../protocol/adapters.ts';
import type { DeviceSpeed, FitOptions, ProbeOptions } from '../protocol/fit.ts';
import type {
  ConstraintOptions,
  GenerateOptions,
  ResumeOptions,
  ScoredToken,
  ToolOptions,
} from '../protocol/generation.ts';
import type { EmbedPooling } from '../protocol/messages.ts';
import type { ConversationPrompt, LoadProgress, OpenOptions } from '../protocol/open.ts';

export interface OpenModelOptions extends OpenOptions {
  /** A smaller model of the same vocabulary, opened with the same options. `speculate: 'draft'` asks it for guesses. */
  readonly draft?: ModelSource | StoredSource;
  /**
   * LoRA adapters and control vectors in GGUF, which are added to the model without changing it. They stay in memory; each session chooses
   * among them (`session.adapters`, `chat.adapters`, `model.adapters`), and has all with their scales until then.
   */
  readonly adapters?: readonly (ModelSource | StoredSource | AdapterSource)[];
  /**
   * A GPU object of the caller's, for `backend` `webgpu` or `auto`: `create([])` of the npm package `webgpu`, for example. Such an object cannot
   * cross to another thread, so the engine then runs in the caller's, unless it is that thread's `navigator.gpu`. Default: the engine's own thread
   * finds one, `navigator.gpu` or that package. With a GPU object the default of `backend` is `auto`.
   */
  readonly gpu?: GpuObject;
  /** Gets the bytes of weights loaded so far. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Gets the bytes received so far of a download into the store, a Response or a stream, before the weights are loaded. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Stops opening; the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

export interface CheckFitOptions extends FitOptions {
  /** What `probeDevice` measured here; without it no speed is predicted. */
  readonly speed?: DeviceSpeed | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ProbeDeviceOptions extends ProbeOptions {
  /** Ends it within some milliseconds; the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal | undefined;
}

/** An adapter to open, and how. */
export interface AdapterSource extends AdapterOpening {
  readonly source: ModelSource | StoredSource;
}

/** A schema of a library that knows Standard Schema (https://standardschema.dev). `Output` is what its values are. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What such a schema says of a value. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of an answer's `value`: `T`, where that is given, or else the schema's own, where it has one. */
export type ValueOf<Schema, T = never> = [T] extends [never]
  ? Schema extends { readonly '~standard': { readonly types?: infer Types } }
    ? NonNullable<Types> extends { readonly output: infer Output }
      ? Output
      : unknown
    : unknown
  : T;

/** The answer is held to a schema. */
export interface Schemed<Schema> {
  readonly schema: Schema;
}

/** Options of one answer that stay in the caller's thread. */
export interface CallOptions extends Omit<GenerateOptions, 'stop' | 'schema' | 'calls'>, ToolOptions {
  /**
   * The answer is JSON that this schema allows, and the result has its `value`. A JSON Schema (2020-12) as plain data, `true` for any JSON, or
   * a schema of a library that tells its JSON form: Zod 4, ArkType, or Valibot's in `toStandardJsonSchema` of `@valibot/to-json-schema`; its
   * own checks then see the value, too.
   */
  readonly schema?: object | boolean;
  /** The answer ends before this text, or any of these, also when one spreads over several tokens. */
  readonly stop?: string | readonly string[];
  /** Stops within one token; the iteration then throws an `AbortError`. */
  readonly signal?: AbortSignal;
  /** Gets the number of prompt tokens read so far. */
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
  /** With `logProbs`: gets each token when it has been made, before the text that it brings. */
  readonly onLogProbs?: (scored: ScoredToken) => void;
  /**
   * Gets what `restore` takes to go on from, should the page be lost: when the prompt is read, every two seconds, and when the page is
   * hidden, a few bytes for each token. Once more when the answer has ended, before its result: then with what the model's layers hold, where
   * reading the text again would take long (as `save({ state: 'auto' })`).
   */
  readonly onSave?: (saved: Uint8Array<ArrayBuffer>) => void;
  /**
   * What a thinking model thinks is a part of the answer's text, as it says it, or is told apart: `split` makes the pieces of the stream
   * `{ type: 'thinking' | 'text', text }`, without the marks between them, and the result's `thinking` and `text`. With tools there are pieces
   * `{ type: 'tool_call', index, id, name, arguments }` as well. Default `inline`, without calls.
   */
  readonly thinking?: 'inline' | 'split';
}

/** Thoughts are told apart. */
export interface Split {
  readonly thinking: 'split';
}

export interface ChatOptions
  extends
    Omit<CallOptions, 'thinking' | keyof ConstraintOptions | keyof ToolOptions>,
    Partial<Omit<ConversationPrompt, 'tools'>> {
  /** Functions that the model may call: to be run (see `SendOptions.tools`), or definitions whose calls are the caller's to answer. */
  readonly tools?: readonly ToolDefinition[] | ToolSet;
  readonly maxRounds?: number;
  /** The system message: it tells the model what to be. */
  readonly system?: string;
  /** A conversation to go on with. */
  readonly messages?: readonly ChatMessage[];
}

/** Options of one answer; `templateVars` are then all that the template gets. */
export interface SendOptions extends CallOptions, Pick<Conversation, 'templateVars'> {
  /**
   * Functions that the model may call, by name. They are run when it calls them, and it goes on with what they return, until it answers in
   * words: that is one answer, with the texts of all rounds. Absent: the chat's own tools, whose calls are the caller's to answer.
   */
  readonly tools?: ToolSet;
  /** So many times calls are run; then the model has to answer in words. Default 8. */
  readonly maxRounds?: number;
}

/** Tools by name. */
export type ToolSet = Readonly<Record<string, RunnableTool>>;

export interface RunnableTool {
  /** What it does, for the model. */
  readonly description?: string;
  /** What its arguments are: a JSON Schema of an object, or a schema of a library (see `schema` of an answer). Absent: none are known of it. */
  readonly schema?: object | boolean;
  /**
   * Does it. What it returns, or its promise, is told to the model: a text as it is, all else as JSON. What it throws is told to the model,
   * too, as an error, and to the caller as part of the result. Absent: the answer ends with the call, which is the caller's to answer:
   * `chat.send({ role: 'tool', toolCallId, content })`. It must not wait for a question to its own chat: that waits for this one's answer.
   */
  run?(args: Record<string, unknown>, context: ToolContext): unknown;
}

/** What a tool learns of its call. */
export interface ToolContext {
  readonly id: string;
  readonly name: string;
  /** Aborted with the answer. */
  readonly signal: AbortSignal;
}

export interface ScoreOptions {
  /** Tokens before this one are only read. Default 0. */
  readonly firstRow?: number;
  readonly signal?: AbortSignal;
}

export interface ColumnSumsOptions {
  /** Called after each step with the number of tokens read so far. */
  readonly onTokens?: (nTokens: number) => void;
  readonly signal?: AbortSignal;
}

export interface EmbedOptions {
  /** Make each row of length 1, so that products of rows are cosines. Default true. */
  readonly normalize?: boolean;
  /** Keep so many numbers of each row, from its beginning, as models trained for it allow (Matryoshka). Default: all. */
  readonly dimensions?: number;
  /**
   * What a text is for, where the model's card names a prefix for it: `query`, `document`, `clustering` … The prefix is put in front of
   * every text. Another word fails, and the error lists those there are.
   */
  readonly task?: string;
  /**
   * What becomes of the rows of a text's tokens: their `mean`, the first (`cls`), the `last`, or with `none` all of them, one behind the
   * other. Default: as the model was trained.
   */
  readonly pooling?: EmbedPooling;
  /** Read the beginning of a text that is too long, instead of failing. Default false. */
  readonly truncate?: boolean;
  /** Gets the number of texts done so far. */
  readonly onProgress?: (nDone: number, nTotal: number) => void;
  /** Stops between two steps; the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

export interface RankOptions {
  /** So many of the best alone. Default: all. */
  readonly top?: number;
  /** Read the beginning of a document that is too long, instead of failing. Default false. */
  readonly truncate?: boolean;
  /** Gets the number of documents done so far. */
  readonly onProgress?: (nDone: number, nTotal: number) => void;
  /** Stops between two steps; the promise rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

/** A document, and how well it answers the query. */
export interface Ranked {
  /** Its place in the list that was given. */
  readonly index: number;
  /** The higher the better: what a reranker says, or a cosine of other models. To be compared within one answer only. */
  readonly score: number;
  readonly document: string;
}

/** A way to go on: text, or tokens. */
export type Continuation = string | readonly number[];

/** Options of an answer that goes on. */
export interface ResumeCallOptions
  extends
    Pick<ResumeOptions, 'whole'>,
    Pick<
      CallOptions,
      Exclude<keyof ResumeOptions, 'whole'> | 'signal' | 'onPrefill' | 'onLogProbs' | 'onSave' | 'thinking'
    > {}

/** Options of a chat's answer that goes on. */
export type ResumeChatOptions = Omit<ResumeCallOptions, 'whole'> & Pick<SendOptions, 'tools' | 'maxRounds'>;

export interface SaveSessionOptions {
  /**
   * Whether what the model's layers hold goes along, kilobytes for each token. Without, it is the text alone, and `restore` has it read
   * again; that is done at once, in the middle of an answer, too. `auto`: with it, where reading the text again would take longer than moving
   * it, by the speed measured; never in the middle of an answer.
   */
  readonly state?: boolean | 'auto';
}
