import { Answer } from './answer.ts';
import type { Program } from '../backends/backend.ts';
import { FormatError } from '../errors.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult, Timings } from '../protocol/generation.ts';
import type { Graph, Value } from '../graph/graph.ts';
import type { KvCache } from '../graph/layer_state.ts';
import { createSampler } from '../sampling/chain.ts';
import { decodeSaved, encodeSaved } from './session_bytes.ts';
import { Ahead } from './speculative/ahead.ts';
import { draftModel } from './speculative/draft_model.ts';
import { measuredPace, steadyPace } from './speculative/pace.ts';
import { promptLookup } from './speculative/prompt_lookup.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What a session needs of its model. */
export interface SessionModel {
  readonly tokenizer: Tokenizer;
  /** Names the weights a saved session belongs to. */
  readonly fingerprint: string;
  readonly loadMs: number;
  /** A session of the draft model, if there is one. */
  readonly openDraft?: () => Session;
}

/**
 * One mutable timeline over an immutable model: the tokens read so far and their keys and values. The next prompt reuses
 * the longest start it shares with them.
 */
export class Session {
  private readonly model: SessionModel;
  private readonly graph: Graph;
  private readonly caches: readonly KvCache[];
  private readonly program: Program;
  /** `[nCtx]`, the first `nPast` are in the KV cache. */
  private readonly past: Int32Array;
  private nPast = 0;
  private draft: Session | undefined;

  constructor(model: SessionModel, graph: Graph, caches: readonly KvCache[], program: Program) {
    this.model = model;
    this.graph = graph;
    this.caches = caches;
    this.program = program;
    this.past = new Int32Array(graph.nCtx);
  }

  /** Positions the session holds. */
  get nCtx(): number {
    return this.graph.nCtx;
  }

  /** The tokens read so far. */
  get tokens(): Int32Array {
    return this.past.slice(0, this.nPast);
  }

  /** Forgets everything from position `nTokens` on. */
  truncate(nTokens: number): void {
    this.nPast = Math.min(this.nPast, nTokens);
  }

  /**
   * Reads the prompt, then makes tokens until the model, a stop text or `maxTokens` ends the answer. Yields after every
   * prefill chunk and every token, so that a caller can stop there by leaving the loop. Sessions of a model share its
   * memory for results: one makes an answer at a time.
   * @throws RangeError for a prompt longer than the context, a full context (unless `onFull` is `shift`) or bad options.
   */
  async *generate(
    prompt: ArrayLike<number>,
    options: GenerateOptions = {},
  ): AsyncGenerator<GenerateEvent, GenerateResult> {
    const { maxTokens, stop, onFull, ignoreEos, logProbs, speculate, nDraft, ...sampling } = checkOptions(options);
    const { tokenizer } = this.model;
    const sampler = createSampler(sampling, tokenizer.nVocab);
    const ahead = this.lookAhead(speculate, nDraft);
    this.checkPrompt(prompt);
    const answer = new Answer(tokenizer, prompt[prompt.length - 1]!, { maxTokens, stop, logProbs });

    const startMs = performance.now();
    const nReused = this.reuse(prompt);
    let logits = yield* this.prefill(prompt, nReused);
    const prefilledMs = performance.now();
    for (let i = 0; i < prompt.length; i++) sampler.accept(prompt[i]!);
    let firstMs = 0;
    while (answer.stopReason === undefined) {
      const token = sampler.sample(logits);
      firstMs ||= performance.now();
      if (!ignoreEos && tokenizer.isEndOfGeneration(token)) {
        answer.stopReason = 'eos';
        break;
      }
      sampler.accept(token);
      yield { type: 'piece', text: answer.push(token, logits) };
      if (answer.stopReason !== undefined) break;
      const followed = ahead?.follow(token);
      if (followed) this.nPast++;
      else if (this.nPast === this.nCtx) yield* this.makeRoom(onFull, answer.tokens.length);
      logits = followed ?? (await this.go(token, answer.nLeft, ahead));
    }
    const endMs = performance.now();
    yield { type: 'piece', text: answer.flush() };
    const nRead = prompt.length - nReused;
    return {
      text: answer.text,
      tokens: answer.tokens,
      nPromptTokens: prompt.length,
      nReusedTokens: nReused,
      stopReason: answer.stopReason,
      seed: sampler.seed,
      timings: timingsOf(this.model.loadMs, { startMs, prefilledMs, firstMs, endMs }, nRead, answer.tokens.length),
      ...(logProbs === undefined ? {} : { logProbs: answer.scores }),
      ...(ahead && { speculation: ahead.report() }),
    };
  }

  /**
   * Reads on towards the end of `text`, one step at most; the start that was read before is kept. Returns the logits after its
   * last token, `[nVocab]`, or undefined while there is more to read.
   */
  async readOn(text: Int32Array): Promise<Float32Array | undefined> {
    const begin = this.reuse(text);
    const end = Math.min(text.length, begin + this.graph.maxTokens);
    const isLast = end === text.length;
    const logits = await this.step(text.subarray(begin, end), isLast ? 1 : 0);
    return isLast ? logits : undefined;
  }

  /**
   * Runs tokens from an empty cache and hands out their logits, `[n, nVocab]` at a time, in order; the view is valid until
   * the next. Rows before `firstRow` are only read.
   */
  async *logits(tokens: ArrayLike<number>, firstRow = 0): AsyncGenerator<Float32Array> {
    this.checkPrompt(tokens);
    this.nPast = 0;
    while (this.nPast < tokens.length) {
      const scored = this.nPast >= firstRow;
      const end = scored
        ? Math.min(tokens.length, this.nPast + Math.min(this.graph.maxLogits, this.graph.maxTokens))
        : Math.min(firstRow, this.nPast + this.graph.maxTokens);
      const piece = Array.prototype.slice.call(tokens, this.nPast, end) as number[];
      const rows = await this.step(piece, scored ? piece.length : 0);
      if (scored) yield rows;
    }
  }

  /** The whole timeline as bytes: tokens, keys and values. */
  async save(): Promise<Uint8Array> {
    const states = this.caches.flatMap(({ k, v }) => [k, v]);
    const rows: Uint8Array[] = [];
    for (const state of states) rows.push(await this.program.readState(state, 0, this.nPast));
    return encodeSaved({ ...this.identity(), tokens: this.tokens, states: rows });
  }

  /** Puts a saved timeline back. @throws FormatError when the bytes are damaged or belong to another model or cache type. */
  async restore(bytes: Uint8Array): Promise<void> {
    const { fingerprint, kvType } = this.identity();
    const saved = decodeSaved(bytes);
    if (saved.fingerprint !== fingerprint) {
      const came = `the saved session is of ${saved.fingerprint}, this one of ${fingerprint}`;
      throw new FormatError(`${came}; open the model it was saved from`);
    }
    if (saved.kvType !== kvType) {
      const came = `the saved session has a cache of ${saved.kvType}, this one of ${kvType}`;
      throw new FormatError(`${came}; open the model with kvType '${saved.kvType}'`);
    }
    if (saved.tokens.length > this.nCtx) {
      throw new RangeError(
        `the saved session holds ${saved.tokens.length} positions, this one ${this.nCtx}; raise nCtx`,
      );
    }
    const states = this.caches.flatMap(({ k, v }) => [k, v]);
    const fits = (state: Value, i: number) => saved.states[i]?.length === saved.tokens.length * rowBytes(state);
    if (
      saved.states.length !== states.length ||
      !states.every(fits) ||
      saved.tokens.some((token) => !this.knows(token))
    ) {
      throw new FormatError('the saved session does not fit its own header; save it again');
    }
    this.nPast = 0;
    for (const [i, state] of states.entries()) await this.program.writeState(state, 0, saved.states[i]!);
    this.past.set(saved.tokens);
    this.nPast = saved.tokens.length;
  }

  /** Returns the memory; the session cannot be used afterwards. */
  close(): void {
    this.program.dispose();
    this.draft?.close();
    this.draft = undefined;
  }

  private identity(): { fingerprint: string; kvType: string } {
    return { fingerprint: this.model.fingerprint, kvType: this.caches[0]!.k.quant.name };
  }

  private knows(token: number): boolean {
    return Number.isInteger(token) && token >= 0 && token < this.model.tokenizer.nVocab;
  }

  private checkPrompt(prompt: ArrayLike<number>): void {
    if (prompt.length === 0) throw new RangeError('the prompt is empty; give at least one token');
    for (let i = 0; i < prompt.length; i++) {
      if (this.knows(prompt[i]!)) continue;
      throw new RangeError(
        `token ${i} of the prompt is ${prompt[i]}, expected 0 to ${this.model.tokenizer.nVocab - 1}`,
      );
    }
    if (prompt.length > this.nCtx) {
      const came = `the prompt has ${prompt.length} tokens, the context ${this.nCtx}`;
      throw new RangeError(`${came}; shorten it, or open the model with a larger nCtx`);
    }
  }

  /** Keeps the longest shared start; the prompt's last token always runs, its logits are wanted. */
  private reuse(prompt: ArrayLike<number>): number {
    const most = Math.min(this.nPast, prompt.length - 1);
    let n = 0;
    while (n < most && this.past[n] === prompt[n]) n++;
    this.nPast = n;
    return n;
  }

  /** Runs `prompt[begin …]` in chunks; returns the last token's logits, `[nVocab]`. */
  private async *prefill(prompt: ArrayLike<number>, begin: number): AsyncGenerator<GenerateEvent, Float32Array> {
    let logits: Float32Array | undefined;
    for (let at = begin; at < prompt.length; at += this.graph.maxTokens) {
      const end = Math.min(prompt.length, at + this.graph.maxTokens);
      const piece = Array.prototype.slice.call(prompt, at, end) as number[];
      logits = await this.step(piece, end === prompt.length ? 1 : 0);
      yield { type: 'prefill', nDone: end - begin, nTotal: prompt.length - begin };
    }
    return logits!;
  }

  /** Every position is taken: fails, or drops the older half and reads the newer half again at its new positions. */
  private async *makeRoom(onFull: GenerateOptions['onFull'], nGenerated: number): AsyncGenerator<GenerateEvent> {
    if (onFull !== 'shift') {
      const came = `the context of ${this.nCtx} positions is full after ${nGenerated} generated tokens`;
      throw new RangeError(`${came}; open the model with a larger nCtx, or generate with onFull: 'shift'`);
    }
    const kept = this.past.slice(Math.ceil(this.nCtx / 2), this.nPast);
    this.nPast = 0;
    yield* this.prefill(kept, 0);
  }

  /** Guesses for one answer, or undefined where none are wanted. */
  private lookAhead(speculate: GenerateOptions['speculate'] = false, nDraft?: number): Ahead | undefined {
    if (speculate === false) return undefined;
    const { nCtx, maxLogits } = this.graph;
    const most = nDraft ?? maxLogits - 1; // each guess takes a row of logits, and so does the token before them
    if (most < 1 || most >= maxLogits) {
      const came = `${most} guessed tokens per step take ${most + 1} rows of logits, the model has ${maxLogits}`;
      throw new RangeError(`${came}; guess at least 1, and open the model with a larger maxLogits for more`);
    }
    if (speculate === 'draft') this.draft ??= this.model.openDraft?.();
    if (speculate === 'draft' && !this.draft) {
      throw new RangeError(
        'speculate is "draft", but there is no draft model; open the model with one, or use "lookup"',
      );
    }
    const drafter = speculate === 'draft' ? draftModel(this.draft!) : promptLookup(nCtx);
    const pace = nDraft === undefined ? measuredPace(most, drafter.isFree) : steadyPace(nDraft);
    return new Ahead({ drafter, pace, nDraft: most, nVocab: this.model.tokenizer.nVocab });
  }

  /** Reads the answer's latest token, and guesses after it where they fit; returns the logits after the token. */
  private async go(token: number, nLeft: number, ahead: Ahead | undefined): Promise<Float32Array> {
    if (!ahead) return this.step([token]);
    this.past[this.nPast] = token;
    const text = this.past.subarray(0, this.nPast + 1);
    const tokens = await ahead.next(text, Math.min(nLeft - 1, this.nCtx - text.length));
    const rows = await this.step(tokens, tokens.length);
    this.nPast = text.length;
    return ahead.ran(rows);
  }

  /** Runs tokens at the next positions; returns `[nLogits, nVocab]`, valid until the next step. */
  private async step(tokens: ArrayLike<number>, nLogits = 1): Promise<Float32Array> {
    const pos = this.nPast;
    this.past.set(tokens, pos);
    await this.program.run({ tokens: this.past.subarray(pos, pos + tokens.length), pos, nLogits });
    this.nPast = pos + tokens.length;
    const logits = await this.program.read(this.graph.logits);
    return logits.subarray(0, nLogits * this.model.tokenizer.nVocab);
  }
}

const rowBytes = ({ quant, shape }: Value): number => (shape[1]! / quant.blockSize) * quant.blockBytes;

interface Moments {
  readonly startMs: number;
  readonly prefilledMs: number;
  readonly firstMs: number;
  readonly endMs: number;
}

function timingsOf(loadMs: number, at: Moments, nRead: number, nGenerated: number): Timings {
  const prefillMs = at.prefilledMs - at.startMs;
  const decodeMs = at.endMs - at.firstMs;
  return {
    loadMs,
    ttftMs: at.firstMs - at.startMs,
    prefillMs,
    prefillTps: perSecond(nRead, prefillMs),
    decodeMs,
    decodeTps: perSecond(nGenerated - 1, decodeMs),
  };
}

const perSecond = (n: number, ms: number): number => (n > 0 && ms > 0 ? (n * 1000) / ms : 0);

function checkOptions(options: GenerateOptions): GenerateOptions {
  const { maxTokens = 1, onFull = 'error', logProbs: nTop = 0, speculate = false, nDraft = 1 } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new RangeError(`maxTokens is ${maxTokens}, expected a whole number of at least 1`);
  }
  if (onFull !== 'error' && onFull !== 'shift') {
    throw new RangeError(`onFull is ${JSON.stringify(onFull)}, expected "error" or "shift"`);
  }
  if (!Number.isInteger(nTop) || nTop < 0 || nTop > 100) {
    throw new RangeError(`logProbs is ${nTop}, expected a whole number from 0 to 100`);
  }
  if (speculate !== false && speculate !== 'lookup' && speculate !== 'draft') {
    throw new RangeError(`speculate is ${JSON.stringify(speculate)}, expected false, "lookup" or "draft"`);
  }
  if (!Number.isInteger(nDraft) || nDraft < 1) {
    throw new RangeError(`nDraft is ${nDraft}, expected a whole number of at least 1`);
  }
  return options;
}
