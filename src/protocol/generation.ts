import type { ToolDefinition } from '../chat/conversation.ts';
import type { MarkedText } from '../chat/parts.ts';
import type { ToolWay } from '../chat/tools/format.ts';
import type { MadeCall } from '../chat/tools/done_calls.ts';
import type { CallsOptions, ToolChoice } from '../chat/tools/tool.ts';
import type { LogProbs } from '../sampling/log_probs.ts';
import type { SamplerOptions } from '../sampling/options.ts';

/**
 * What an answer is held to; one of these at most. Every token is chosen among those that may come next, so the answer is of this form
 * wherever it ends by itself (`stopReason` `eos`). A thinking model may think before it, freely.
 */
export interface ConstraintOptions {
  /** The answer is JSON that this JSON Schema (2020-12) allows: plain data, or `true` for any JSON. */
  readonly schema?: object | boolean;
  /** The answer is a sentence of this grammar, in llama.cpp's GBNF. Its rule `root` is the whole answer. */
  readonly grammar?: string;
  /** The whole answer matches this regular expression: JavaScript's, with the flag `u`, as text. */
  readonly regexp?: string;
  /**
   * The answer is a text, or calls of tools, or both.
   * @internal
   */
  readonly calls?: CallsOptions;
}

/** How one answer is made. Sampling settings are in `SamplerOptions`; all have sane defaults. */
export interface GenerateOptions extends SamplerOptions, ConstraintOptions {
  /** Most tokens to make; absent: until the model stops or the context is full. */
  readonly maxTokens?: number;
  /** The answer ends before any of these texts, also when one spreads over several tokens. */
  readonly stop?: readonly string[];
  /**
   * When every position is taken: end the answer there, or make room and go on. Room is made by leaving out the oldest exchanges of a
   * conversation, whole; its system message and tools stay. Of other prompts the older half goes, but for BOS. Default `stop`.
   */
  readonly onFull?: 'stop' | 'shift';
  /**
   * When the answer repeats itself to the token, one span of up to 256 over and over, three times and 192 tokens at least: end it there,
   * or let it go on. Default `stop`; with `ignoreEos`, `ignore`.
   */
  readonly onLoop?: 'stop' | 'ignore';
  /** Go on past the model's end-of-answer tokens; for benchmarks. */
  readonly ignoreEos?: boolean;
  /** Log-probabilities of this many most likely tokens with each generated one; 0: only the token's own. Absent: none. */
  readonly logProbs?: number;
  /**
   * Guesses tokens ahead and verifies several in one step: `lookup` guesses what followed the same words earlier in the
   * text, `draft` asks the draft model. Same seed, same text as without; only faster where guesses come true and steps of
   * several tokens are cheap. Default `false`.
   */
  readonly speculate?: false | 'lookup' | 'draft';
  /** Tokens guessed per step, less than the model's `maxLogits`. Default: as many as pay, measured while it goes on. */
  readonly nDraft?: number;
}

/** How an answer goes with the tools of its prompt. */
export interface ToolOptions {
  /** Whether the model may call tools (`auto`), may not, must call one or more, or must call the one of this name. Default `auto`. */
  readonly toolChoice?: ToolChoice;
  /** Whether it may call several in one answer. Default true, as far as it was trained to. */
  readonly parallelToolCalls?: boolean;
}

/** How an answer is made, apart from its sampler and what it is held to. */
export type MakingOptions = Omit<GenerateOptions, keyof SamplerOptions | keyof ConstraintOptions>;

/**
 * An answer that goes on, to the end of its context at most: what could be left out of a conversation is not known any more. It is held to
 * what it was begun with.
 */
export interface ResumeOptions extends Omit<MakingOptions, 'onFull'> {
  /**
   * All of the answer comes once more, what was said before as one piece; the result is that of the whole, with the options that it was
   * begun with, but for those given. Default false: what is new, with the options given.
   */
  readonly whole?: boolean;
}

/**
 * Why an answer ended: the model said so, a stop text came, `maxTokens` were made, the context was full, the answer went round in
 * circles, or the caller stopped it.
 */
export type StopReason = 'eos' | 'stop' | 'length' | 'full' | 'loop' | 'abort';

/** A generated token, its log-probability, and those of the likeliest ones; before any sampler setting. */
export interface ScoredToken extends LogProbs {
  readonly token: number;
}

/** Milliseconds and rates of one answer. Rates are tokens per second. */
export interface Timings {
  /** Opening the model, reading and repacking its weights. */
  readonly loadMs: number;
  /** From the call to the first token. */
  readonly ttftMs: number;
  readonly prefillMs: number;
  readonly prefillTps: number;
  readonly decodeMs: number;
  readonly decodeTps: number;
  /** Of a model whose weights are not all in memory. */
  readonly paging?: PagingTimings;
}

/** What an answer read of weights that do not stay in memory (`openModel(source, { memory })`). */
export interface PagingTimings {
  readonly bytesRead: number;
  /** Bytes read for each token made behind the first one. */
  readonly bytesPerToken: number;
  /** Milliseconds in which nothing could be computed, because bytes had not come yet. */
  readonly waitMs: number;
  /** Of the experts that were wanted, so many were in memory: 0 to 1. Undefined of a model that has none. */
  readonly hitRate: number | undefined;
  /** Milliseconds in which the threads put what had come in the order that kernels want. */
  readonly packMs: number;
}

/** How often guesses came true. */
export interface Speculation {
  /** Tokens guessed, and those of them that became part of the text. */
  readonly nDrafted: number;
  readonly nAccepted: number;
  /** Steps of the model after the prompt, with guesses or without. */
  readonly nSteps: number;
  /** `nAccepted / nDrafted`. */
  readonly acceptance: number;
}

export interface GenerateResult {
  /** All that the model said; with `thinking: 'split'`, without its thoughts. */
  readonly text: string;
  /** What it thought, with `thinking: 'split'`. */
  readonly thinking?: string;
  /** What it calls, where its prompt has tools. One that was cut off is left out. */
  readonly toolCalls?: readonly MadeCall[];
  /** The tools that `chat.send` has run for it, in their order. */
  readonly toolRuns?: readonly ToolRun[];
  /** Tokens generated, the end-of-answer token not included. */
  readonly tokens: readonly number[];
  readonly nPromptTokens: number;
  /** Of these, positions found in the KV cache from an earlier call and not computed again. */
  readonly nReusedTokens: number;
  readonly stopReason: StopReason;
  /** Messages of the conversation that were left out, the oldest first, because the context has no room for them. */
  readonly nForgotten: number;
  /** The seed that was used; giving it again makes the same text. */
  readonly seed: number;
  readonly timings: Timings;
  /** One entry per generated token, when `logProbs` was given. */
  readonly logProbs?: readonly ScoredToken[];
  /** When `speculate` was given. */
  readonly speculation?: Speculation;
}

/** A call that was run, and what the model was told of it. */
export interface ToolRun extends MadeCall {
  readonly content: string;
  /** What the tool threw. */
  readonly error?: Error;
}

/** The events of a session at work. */
export type GenerateEvent =
  | { readonly type: 'prefill'; readonly nDone: number; readonly nTotal: number }
  /**
   * What stands before the answer, where the model marks its thoughts: the end of the prompt, or more where an answer goes on. One that is held to
   * something has thoughts at its beginning alone.
   */
  | ({ readonly type: 'before'; readonly goesOn: boolean; readonly isHeld: boolean } & MarkedText)
  | CallsEvent
  /** What the answer can go on from elsewhere, as `restoreSession` takes it. */
  | { readonly type: 'saved'; readonly bytes: Uint8Array<ArrayBuffer> }
  | PieceEvent;

/** The answer may call tools, and how it spells that. Comes before all others. */
export interface CallsEvent extends ToolWay {
  readonly type: 'calls';
  readonly tools: readonly ToolDefinition[];
  /** Of an answer that goes on: what was said of it. */
  readonly before?: MarkedText;
}

/** The next text of the answer. */
export interface PieceEvent extends MarkedText {
  readonly type: 'piece';
  /** The token that brought it, when `logProbs` was given. */
  readonly scored?: ScoredToken;
}
