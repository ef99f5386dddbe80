import type { ColumnSums } from '../base/column_sums.ts';
import { FormatError, ResourceError, UnsupportedError } from '../base/errors.ts';
import type { AdapterOpening, AdapterUse } from './adapters.ts';
import type { DeviceSpeed, Fit, FitQuestion, HeaderSource, ProbeOptions } from './fit.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult, ResumeOptions, ToolOptions } from './generation.ts';
import type { ConversationPrompt, LoadProgress, ModelInfo, OpenOptions, Prompt } from './open.ts';
import type { Files, PlainSource } from '../platform/platform.ts';

/** What becomes of the rows of a text's tokens: their mean, the first ([CLS]), the last, or all of them. */
export type EmbedPooling = 'mean' | 'cls' | 'last' | 'none';

/** An adapter's file as it crosses to the engine. */
export interface PlainAdapter extends AdapterOpening {
  readonly source: PlainSource;
}

/** The adapters that a call goes with; undefined: those that the model was opened with. */
interface Adapted {
  readonly adapters: readonly AdapterUse[] | undefined;
}

/** What a session is saved with: a text of the caller's, which is found beside it. */
export interface Saving {
  readonly note: string | undefined;
}

/** Arguments and results of the calls to the engine. Events of a call carry its id. */
export interface Calls {
  open: {
    args: {
      source: PlainSource;
      draft: PlainSource | undefined;
      adapters: readonly PlainAdapter[] | undefined;
      options: OpenOptions;
      files: Files;
    };
    result: ModelInfo;
    event: LoadProgress;
  };
  openSession: { args: object; result: number; event: never };
  closeSession: { args: { session: number }; result: undefined; event: never };
  generate: {
    args: {
      session: number;
      prompt: Prompt;
      options: GenerateOptions & ToolOptions;
      saving: Saving | undefined;
    } & Adapted;
    result: GenerateResult;
    event: GenerateEvent;
  };
  resume: {
    /** `prompt`: the conversation that the answer belongs to, if some of it may be left out. */
    args: {
      session: number;
      prompt: ConversationPrompt | undefined;
      options: ResumeOptions;
      saving: Saving | undefined;
    } & Adapted;
    result: GenerateResult;
    event: GenerateEvent;
  };
  /** `state`: whether what the layers hold goes along; false, the text alone, is answered at once, also while an answer is under way. */
  saveSession: {
    args: { session: number; state: boolean | 'auto' } & Saving & Adapted;
    result: Uint8Array<ArrayBuffer>;
    event: never;
  };
  /** The result is the note beside it. */
  restoreSession: {
    args: { session: number; bytes: Uint8Array | Blob } & Adapted;
    result: string | undefined;
    event: never;
  };
  tokenize: { args: { prompt: Prompt }; result: number[]; event: never };
  detokenize: { args: { tokens: readonly number[]; special: boolean }; result: string; event: never };
  tokenBytes: { args: { tokens: readonly number[] }; result: Uint8Array[]; event: never };
  logits: { args: { tokens: readonly number[] } & Adapted; result: undefined; event: Float32Array };
  score: { args: { tokens: readonly number[]; firstRow: number } & Adapted; result: Float64Array; event: never };
  scoreContinuations: {
    args: { text: readonly number[]; continuations: readonly (readonly number[])[] } & Adapted;
    result: Float64Array[];
    event: never;
  };
  columnSums: { args: { texts: readonly (readonly number[])[] }; result: ColumnSums[]; event: number };
  /** Events say how many texts are done. */
  embed: {
    args: {
      texts: readonly (string | readonly number[])[];
      truncate: boolean;
      pooling: EmbedPooling | undefined;
      task: string | undefined;
    } & Adapted;
    result: Float32Array[];
    event: number;
  };
  /** What `embed` knows prefixes for. */
  tasks: { args: object; result: string[]; event: never };
  /** Events say how many documents are done. */
  rank: {
    args: { query: string; documents: readonly string[]; truncate: boolean } & Adapted;
    result: Float64Array;
    event: number;
  };
  /** Reads a header, and says whether the model would run. */
  fit: { args: { source: HeaderSource; files: Files } & FitQuestion; result: Fit; event: never };
  /** Measures the kernels for about a second. */
  probe: { args: ProbeOptions & { files: Files }; result: DeviceSpeed; event: never };
  close: { args: object; result: undefined; event: never };
}

/** The name of the engine's thread. */
export const ENGINE_THREAD = 'thimble engine';

/** Stands for a session of `model.generate`: each call of it finds one. */
export const OWN_SESSION = 0;

/** The id of what the engine says by itself: that it has started, or why nothing works any more. */
export const NO_CALL = 0;

export type CallName = keyof Calls;

/** To the engine: a call, or the wish that one should stop. */
export type ToEngine =
  | { [K in CallName]: { readonly id: number; readonly call: K; readonly args: Calls[K]['args'] } }[CallName]
  | { readonly id: number; readonly call: 'cancel' };

/** From the engine, about the call with this id. */
export type FromEngine =
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly result: unknown }
  /** `isLast`: the engine is of no use any more. */
  | { readonly id: number; readonly error: PlainError; readonly isLast?: boolean };

/** An error as plain data: structured clones of errors lose their class. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error || error instanceof DOMException)) return { name: 'Error', message: String(error) };
  return { name: error.name, message: error.message, stack: error.stack };
}

const classes = { FormatError, UnsupportedError, ResourceError, TypeError, RangeError, Error };

/** The error again. Its stack begins with the lines of `caller`, the stack of an error that was made where the call came from. */
export function revivedError({ name, message, stack }: PlainError, caller?: string): Error {
  if (name === 'AbortError') return new DOMException(message, name);
  const error = new (classes[name as keyof typeof classes] ?? Error)(message);
  const head = `${error.name}: ${message}\n`;
  const lines = [framesOf(caller), framesOf(stack)].filter((frames) => frames !== '');
  error.stack = head + lines.join('\n    -- inside thimble --\n');
  return error;
}

/** The lines of a stack that say where; V8 writes name and message before them. */
function framesOf(stack = ''): string {
  const begin = stack.search(/^ +at /m);
  return begin < 0 && /^\w*Error/.test(stack) ? '' : stack.slice(Math.max(0, begin)).trimEnd();
}
