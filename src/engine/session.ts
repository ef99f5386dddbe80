import { Answer } from './answer.ts';
import { changed, checkResume, parted } from './answer_options.ts';
import type { Look, Program } from '../backends/backend.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult, ResumeOptions } from '../protocol/generation.ts';
import type { Graph } from '../graph/graph.ts';
import type { KvType, LayerState } from '../graph/layer_state.ts';
import { checkFiniteLogits } from '../sampling/chain.ts';
import { checkPrompt } from './prompt.ts';
import type { SamplerOptions } from '../sampling/options.ts';
import { unlessItIs } from '../base/signals.ts';
import { withPreset } from '../sampling/presets.ts';
import { samplerFor } from './sampler_for.ts';
import type { Inside, SaveOptions } from './saving.ts';
import type { Unfinished } from './unfinished.ts';
import { constraints, unfinishedOf, type GoingOn, type Making } from './making.ts';
import type { RoomyPrompt } from './room.ts';
import type { Ahead } from './speculative/ahead.ts';
import type { DeviceDraws } from './device_draws.ts';
import type { Marks } from './marks.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { Timeline, type SharedModel } from './timeline.ts';
import { timingsOf } from './timings.ts';

/** So many tokens read at once tell how fast reading is. */
const MANY_TOKENS = 32;

/** The parts of its model that a session needs. */
export interface SessionModel {
  readonly tokenizer: Tokenizer;
  readonly kvType: KvType;
  readonly loadMs: number;
  /** How it marks its thoughts, if it has some. */
  readonly marks?: Marks | undefined;
  /** Settings of answers that are given no others. */
  readonly sampling: SamplerOptions;
  /** A session of the draft model, if there is one. */
  readonly openDraft?: () => Promise<Session>;
}

/** What a session runs: the model's graph, or one with adapters. */
export interface SessionGraph {
  readonly graph: Graph;
  readonly state: readonly LayerState[];
  /** Names the weights that a saved session belongs to. */
  readonly weights: string;
  prepare(look?: Look): Program;
  readonly shared?: SharedModel;
}

/** One conversation with an immutable model. The next prompt reuses the longest start that it shares with what was read before. */
export class Session {
  private readonly model: SessionModel;
  private running: SessionGraph;
  private program: Program;
  private timeline: Timeline;
  private draft: Session | undefined;
  /** The answer made last, if it may go on. */
  private unfinished: Unfinished | undefined;
  /** The answer under way. */
  private making: Making | undefined;
  /** Tokens a second that this session read when it read many. */
  private prefillTps = 0;

  constructor(model: SessionModel, running: SessionGraph, look?: Look) {
    this.model = model;
    this.running = running;
    this.program = running.prepare(look);
    this.timeline = new Timeline(running.graph, running.state, this.program, running.shared);
  }

  private get graph(): Graph {
    return this.running.graph;
  }

  /** Settles when it is known whether there is room for it, where that takes time. @throws ResourceError */
  get room(): Promise<void> | undefined {
    return this.program.room;
  }

  /**
   * From here on another graph of the same model runs. What it knows of the text would not be the same: the text is read again when it is needed.
   * @returns what ran before, where that is another one
   */
  goOnWith(running: SessionGraph): SessionGraph | undefined {
    const { running: before, tokens } = this;
    if (running.weights === before.weights) return undefined;
    this.timeline.end(); // first: the other one takes its place
    this.program = running.prepare();
    this.running = running;
    this.timeline = new Timeline(running.graph, running.state, this.program, running.shared, tokens);
    return before;
  }

  /** A call begins; what comes back ends it. Calls on several sessions of a model run together. */
  readonly enter = (): (() => void) => this.timeline.enter();

  /** Positions the session holds. */
  get nCtx(): number {
    return this.graph.nCtx;
  }

  get nVocab(): number {
    return this.model.tokenizer.nVocab;
  }

  /** The tokens read so far. */
  get tokens(): Int32Array {
    return this.timeline.text.slice();
  }

  /** What `resume` goes on from; of an answer under way, what is certain of it. */
  private get textSoFar(): number[] {
    return this.making ? [...this.making.text] : [...this.timeline.text, ...(this.unfinished?.unread ?? [])];
  }

  /** What stands before the answer that `resume` makes. */
  textBefore({ whole }: ResumeOptions): number[] {
    const text = this.textSoFar;
    return whole && this.unfinished ? text.slice(0, this.unfinished.said.nHead) : text;
  }

  /** Forgets everything from position `nTokens` on. */
  truncate(nTokens: number): void {
    this.timeline.cut(nTokens);
    this.unfinished = undefined;
  }

  /**
   * Reads the prompt, then makes tokens until the model, a stop text, `maxTokens`, a full context, a loop or `signal` ends the answer.
   * Yields after every prefill chunk and every token, so that a caller can stop there, also by leaving the loop.
   * @throws RangeError for a prompt longer than the context or bad options.
   */
  async *generate(
    given: ArrayLike<number> | RoomyPrompt,
    options: GenerateOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<GenerateEvent, GenerateResult> {
    const { how, sampling, heldTo } = parted(options);
    const settings = withPreset(sampling, this.model.sampling);
    const sampler = samplerFor(settings, this.model.tokenizer);
    const prompt: RoomyPrompt = 'tokens' in given ? given : { tokens: Array.from(given), nForgotten: 0 };
    const { tokens } = prompt;
    checkPrompt(tokens, this);
    for (const token of tokens) sampler.accept(token);
    const constraint = heldTo && (await (await constraints()).begin(this.model, { ...how, ...heldTo }, tokens));
    const answer = new Answer(this.model.tokenizer, tokens.at(-1)!, how, constraint?.marks ?? this.model.marks?.tokens);
    const making = { how, settings: { ...settings, seed: sampler.seed }, sampler, constraint, answer, prompt };
    return yield* this.make({ ...making, text: [...tokens], nPromptTokens: tokens.length }, signal);
  }

  /**
   * Goes on with the answer that was made last, or that was saved, as it would have gone on: with its settings, and its sampler where it
   * stood. With `whole` all of it comes once more, what was said before as one piece, and `options` are those that it was begun with, but
   * for those given. @param shorten makes room for a `whole` answer that was begun with `onFull: 'shift'`
   * @throws TypeError where there is none that can go on.
   */
  async *resume(
    options: ResumeOptions = {},
    signal?: AbortSignal,
    shorten?: RoomyPrompt['shorten'],
  ): AsyncGenerator<GenerateEvent, GenerateResult> {
    const { unfinished } = this;
    checkResume(options);
    if (!unfinished) throw new TypeError('no answer can go on here; one can that something else than the model ended');
    const { settings, state, said, heldTo } = unfinished;
    const { whole = false, ...given } = options;
    const { how } = parted(changed(whole ? said.how : {}, given, shorten !== undefined || !said.isTalk));
    const text = this.textSoFar;
    const sampler = samplerFor(settings, this.model.tokenizer);
    sampler.restore(state);
    const constraint = heldTo && (await (await constraints()).goOn(this.model, heldTo, how));
    const begun = whole
      ? { prompt: { tokens: text.slice(0, said.nHead), nForgotten: said.nForgotten, shorten }, ...said }
      : { prompt: { tokens: text, nForgotten: 0 }, nPromptTokens: text.length, after: text.at(-1)! };
    const answer = new Answer(this.model.tokenizer, begun.after, how, constraint?.marks ?? this.model.marks?.tokens);
    const { prompt, nPromptTokens } = begun;
    if (whole) yield answer.again(said);
    return yield* this.make({ how, settings, sampler, constraint, answer, prompt, text, nPromptTokens }, signal);
  }

  /** What the answer which can go on is held to, and the tokens that it has. */
  get unfinishedHeld(): Unfinished['heldTo'] {
    return this.unfinished?.heldTo;
  }

  /** Makes an answer whose sampler knows the text. */
  private async *make(making: Making, signal: AbortSignal | undefined): AsyncGenerator<GenerateEvent, GenerateResult> {
    this.unfinished = undefined;
    this.making = making;
    try {
      return yield* this.answer(making, signal);
    } finally {
      this.making = undefined;
    }
  }

  private async *answer(
    making: Making,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<GenerateEvent, GenerateResult> {
    const { how, sampler, constraint, answer } = making;
    const { ignoreEos, logProbs, speculate, nDraft } = how;
    const { tokenizer } = this.model;
    const ahead = await this.lookAhead(speculate, nDraft);
    const watch = this.program.traffic && (await import('./paging_timings.ts')).watchTraffic(this.program);
    const startMs = performance.now();
    if (constraint?.isOver) answer.end();
    if (making.text.length > this.nCtx && !answer.stopReason) await this.makeRoom(making, signal); // an answer that goes on
    const nKept = await this.timeline.keepStart(making.text);
    const draws = ahead || constraint ? undefined : await this.drawsOnDevice(making);
    let logits = answer.stopReason ? undefined : yield* this.prefill(making.text, signal, draws?.nBest);
    const nReused = nKept + this.timeline.nTaken;
    const nRead = this.timeline.length - nReused;
    const prefilledMs = performance.now();
    watch?.prefilled();
    let firstMs = 0;
    while (logits && answer.stopReason === undefined && !signal?.aborted) {
      const token = draws ? await draws.draw(logits) : (constraint?.draw(logits, making) ?? sampler.sample(logits));
      firstMs ||= performance.now();
      if (!ignoreEos && tokenizer.isEndOfGeneration(token)) answer.stopReason = 'eos';
      if (answer.stopReason === 'eos') break;
      sampler.accept(token);
      making.text.push(token);
      const event = answer.push(token, logits);
      if (constraint?.isOver) answer.end();
      if (answer.stopReason === undefined) draws?.runAhead(token, answer.nLeft);
      yield event;
      if (answer.stopReason !== undefined || signal?.aborted) break;
      const followed = ahead?.follow(token);
      if (followed) this.timeline.follow();
      else if (making.text.length > this.nCtx) {
        if (!(await this.makeRoom(making, signal))) break;
        if (!(yield* this.prefill(making.text.slice(0, -1), signal))) break;
      } else if (constraint?.knowsNext && logProbs === undefined) continue; // both are read in one step
      logits = followed ?? (await this.go(making, { ahead, nBest: draws?.nBest, signal }).catch(unlessItIs(signal)));
    }
    await this.timeline.mark(); // the next turn may be asked again from here
    const endMs = performance.now();
    const unread = making.text.slice(this.timeline.length);
    if (answer.stopReason !== 'eos') this.unfinished = unfinishedOf(making, unread);
    yield answer.flush();
    const timings = timingsOf(this.model.loadMs, { startMs, prefilledMs, firstMs, endMs }, nRead, answer.tokens.length);
    if (nRead >= MANY_TOKENS) this.prefillTps = timings.prefillTps;
    return {
      text: answer.text,
      tokens: answer.tokens,
      nPromptTokens: making.nPromptTokens,
      nReusedTokens: nReused,
      nForgotten: making.prompt.nForgotten,
      stopReason: answer.stopReason ?? 'abort',
      seed: sampler.seed,
      timings: watch ? { ...timings, paging: watch.timings(answer.tokens.length) } : timings,
      ...(logProbs === undefined ? {} : { logProbs: answer.scores }),
      ...(ahead && { speculation: ahead.report() }),
    };
  }

  /**
   * Reads on towards the end of `text`, one step at most; the start that was read before is kept. Returns the logits after its
   * last token, `[nVocab]`, or undefined while there is more to read.
   */
  async readOn(text: Int32Array): Promise<Float32Array | undefined> {
    await this.timeline.keepStart(text);
    return this.timeline.readTowards(text);
  }

  /** Keeps this place: a later text may begin with what was read so far. */
  mark(): Promise<void> {
    return this.timeline.mark();
  }

  /** Marks this place: later reading may be taken back to it. */
  markBeforeGuesses(): Promise<void> {
    return this.timeline.markBeforeGuesses();
  }

  /**
   * Runs tokens from an empty cache and hands out their logits, `[n, nVocab]` at a time, in order; the view is valid until
   * the next. Rows before `firstRow` are only read.
   */
  async *logits(tokens: ArrayLike<number>, firstRow = 0): AsyncGenerator<Float32Array> {
    checkPrompt(tokens, this);
    this.truncate(0);
    yield* this.logitsBehind(tokens, firstRow);
  }

  /** The same, of tokens behind the text that was read. */
  async *logitsBehind(tokens: ArrayLike<number>, firstRow = 0): AsyncGenerator<Float32Array> {
    const { timeline, graph } = this;
    const { nVocab } = this.model.tokenizer;
    for (let begin = 0, end = 0; begin < tokens.length; begin = end) {
      const scored = begin >= firstRow;
      end = scored
        ? Math.min(tokens.length, begin + Math.min(graph.maxLogits, graph.maxTokens))
        : Math.min(firstRow, begin + graph.maxTokens);
      const piece = Array.prototype.slice.call(tokens, begin, end) as number[];
      const rows = await timeline.read(piece, { nLogits: scored ? piece.length : 0 });
      for (let at = 0; at < rows.length; at += nVocab) checkFiniteLogits(rows.subarray(at, at + nVocab));
      if (scored) yield rows;
    }
  }

  /** The text, and what the model's layers hold of it, as bytes; with `auto`, where that is quicker to move than the text is to read. */
  async save(options: SaveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { save } = await import('./saving.ts'); // so that pages which save nothing load less
    return save(this.inside(), options);
  }

  /**
   * Puts a saved text back; the note beside it.
   * @throws FormatError when the bytes are damaged or belong to other weights or another cache type.
   */
  async restore(bytes: Uint8Array): Promise<string | undefined> {
    const { restore } = await import('./saving.ts');
    const { unfinished, note } = await restore(this.inside(), bytes);
    this.unfinished = unfinished;
    return note;
  }

  /** How the session is at this moment. */
  private inside(): Inside {
    const { model, timeline, nCtx, textSoFar: text, prefillTps, making, unfinished } = this;
    const { kvType, tokenizer } = model;
    return { weights: this.running.weights, kvType, tokenizer, timeline, nCtx, text, prefillTps, making, unfinished };
  }

  /** Returns the memory; the session cannot be used afterwards. */
  close(): void {
    this.timeline.end();
    this.draft?.close();
    this.draft = undefined;
  }

  /** Reads the rest of the prompt in steps; returns the last token's logits, `[nVocab]`, or undefined once `signal` is aborted. */
  private async *prefill(
    prompt: ArrayLike<number>,
    signal: AbortSignal | undefined,
    nBest?: number,
  ): AsyncGenerator<GenerateEvent, Float32Array | undefined> {
    const { timeline } = this;
    const begin = timeline.length;
    while (!signal?.aborted) {
      const logits = await timeline.readTowards(prompt, { nBest, signal }).catch(unlessItIs(signal));
      yield { type: 'prefill', nDone: timeline.length - begin, nTotal: prompt.length - begin };
      if (logits) return logits;
    }
    return undefined;
  }

  /** Every position is taken, and the text has one more token: some of it is left out. False where the answer ends there. */
  private async makeRoom(making: Making, signal: AbortSignal | undefined): Promise<boolean> {
    const { prompt, text, answer, how } = making;
    const { bosToken } = this.model.tokenizer;
    const full = { prompt, text: text.slice(0, this.nCtx), bosToken };
    const less = how.onFull === 'shift' ? await (await import('./room.ts')).shorter(full, signal) : undefined;
    if (!less) {
      if (!signal?.aborted) answer.stopReason = 'full';
      return false;
    }
    this.timeline.cut(0);
    making.prompt = less.prompt;
    making.text = [...less.kept, ...text.slice(this.nCtx)];
    return true;
  }

  /** Guesses for one answer, or undefined where none are wanted. */
  private async lookAhead(
    speculate: GenerateOptions['speculate'] = false,
    nDraft?: number,
  ): Promise<Ahead | undefined> {
    if (speculate === false) return undefined;
    const { aheadBy } = await import('./speculative/ahead_by.ts'); // few answers are made so
    if (speculate === 'draft') this.draft ??= await this.model.openDraft?.();
    return aheadBy(speculate, nDraft, { ...this.graph, nVocab: this.nVocab, draft: this.draft });
  }

  /** How an answer's tokens are drawn where a device works by itself; undefined: by the sampler alone. */
  private async drawsOnDevice({ sampler, how }: Making): Promise<DeviceDraws | undefined> {
    if (!this.timeline.isOnDevice) return undefined;
    const { DeviceDraws } = await import('./device_draws.ts');
    return new DeviceDraws(this.timeline, sampler, { needAll: how.logProbs !== undefined });
  }

  /** Reads the answer's latest tokens, and guesses after them where they fit; returns the logits after the last of them. */
  private async go({ text, answer, constraint }: Making, { ahead, nBest, signal }: GoingOn): Promise<Float32Array> {
    const { timeline, graph } = this;
    const unread = text.slice(timeline.length); // one, as a rule
    for (const most = Math.max(1, graph.maxTokens - graph.maxLogits); unread.length > most;)
      await timeline.read(unread.splice(0, most), { nLogits: 0, signal });
    if (!ahead) return timeline.read(unread, { nLogits: 1, nBest, signal });
    const known = timeline.textWith(unread);
    const nFree = Math.min(answer.nLeft - 1, this.nCtx - known.length);
    const tokens = await ahead.next(known, nFree, constraint && ((guesses) => constraint.nPossible(guesses)));
    if (tokens.length > 1) await timeline.markBeforeGuesses();
    const step = [...unread.slice(0, -1), ...tokens];
    const rows = await timeline.read(step, { nLogits: tokens.length, nGuesses: tokens.length - 1, signal });
    return ahead.ran(rows, timeline.nAgain);
  }
}
