import type { Program } from '../backends/backend.ts';
import type { Best } from '../base/best.ts';
import type { Graph } from '../graph/graph.ts';
import { holds, rowsNeeded, valuesOf, type LayerState, type Written } from '../graph/layer_state.ts';
import { bytesOf } from '../graph/tensor.ts';
import { Snapshots } from './snapshots.ts';
import type { Seat, Turns } from './turns.ts';

/** A text with the states of the layers, as plain data. */
export interface SavedTimeline {
  readonly tokens: Int32Array;
  /** The rows of each state's arrays that the next token needs; see `rowsNeeded`. */
  readonly states: readonly Uint8Array[];
}

/** What is read, and what of its logits is wanted. */
export interface Reading {
  /** Of how many of the last tokens logits are wanted. */
  readonly nLogits: number;
  /** So many of the last tokens become part of the text only as far as `follow` says so. */
  readonly nGuesses?: number;
  /** Of one row of logits so many of the largest will do, where the device finds them. */
  readonly nBest?: number | undefined;
  /** Stops the step in its middle, where the backend can. */
  readonly signal?: AbortSignal | undefined;
}

/** What the timelines of a model share. */
export interface SharedModel {
  readonly timelines: Set<Timeline>;
  /** Where there were several of them. */
  turns?: Turns;
}

/** So many tokens are read again in a step of guesses, not in one of their own. */
const FEW_AGAIN = 8;

/** What is handed out instead of logits, where the device has found the best of them. */
const NONE = new Float32Array(0);

/**
 * A text, and the states of a model's layers for it. It reads on and goes back, whatever kinds of state the layers have.
 *
 *     text     t0 t1 t2 … t41 t42 t43│g1 g2      then guesses, which may become text or not
 *     states   ─────────────────────────────┤    ahead of the text while guesses are verified, and while a device runs ahead
 *     copies   ──┤            ──┤                 places to which states return that cannot be cut back
 *
 * Going back is a question to the states. Where one of them says no, all return to the latest copy before that place, or to
 * the beginning, and the tokens from there on are read again.
 */
export class Timeline implements Seat {
  readonly graph: Graph;
  private readonly states: readonly LayerState[];
  readonly program: Program;
  private readonly snapshots: Snapshots;
  /** `[nCtx]`: the text, then tokens that were read beyond it. */
  private readonly tokens: Int32Array;
  private nText = 0;
  /** What the states hold; undefined: nothing, not even zeros. */
  private written: Written | undefined;
  /** The model's timelines know each other's inside (same_start.ts): a text that begins like another one is not read again. */
  private readonly shared: SharedModel;
  nCalls = 0;
  isHolding = false;
  kept: Float32Array | undefined;
  /** Tokens that were taken over from other timelines since `keepStart`. */
  nTaken = 0;
  /** Tokens of the text that the latest `read` had to read again. */
  nAgain = 0;

  /** @param text what the timeline holds, and the states do not know yet. */
  constructor(
    graph: Graph,
    states: readonly LayerState[],
    program: Program,
    shared: SharedModel = { timelines: new Set() },
    text: ArrayLike<number> = [],
  ) {
    this.shared = shared;
    shared.timelines.add(this);
    this.graph = graph;
    this.states = states;
    this.program = program;
    this.snapshots = new Snapshots(states, program);
    this.tokens = new Int32Array(graph.nCtx);
    this.tokens.set(text);
    this.nText = text.length;
  }

  /** A call begins; what comes back ends it. */
  enter(): () => void {
    this.nCalls++;
    return () => {
      this.nCalls--;
      this.letGo();
    };
  }

  /** The timeline is no more, and its program. */
  end(): void {
    this.shared.timelines.delete(this);
    this.program.dispose();
    this.letGo();
  }

  /** What the latest run made is needed no more. */
  private letGo(): void {
    this.isHolding = false;
    this.shared.turns?.letGo(this);
  }

  /** Tokens of the text. */
  get length(): number {
    return this.nText;
  }

  /** The text: a view, valid until the timeline changes. */
  get text(): Int32Array {
    return this.tokens.subarray(0, this.nText);
  }

  /** The text and tokens behind it, which are not part of it yet: a view as above. */
  textWith(tokens: readonly number[]): Int32Array {
    this.tokens.set(tokens, this.nText);
    return this.tokens.subarray(0, this.nText + tokens.length);
  }

  /** Forgets everything from position `nTokens` on. */
  cut(nTokens: number): void {
    this.nText = Math.min(this.nText, nTokens);
  }

  /** The text goes on with the token that was read behind it as a guess. */
  follow(): void {
    this.nText++;
  }

  /**
   * Keeps the longest start that the text shares with `wanted`, as far as the states can go back, and returns its length; where another
   * timeline has a longer one, that is copied. The last of `wanted` is always read again: its logits are asked for.
   */
  async keepStart(wanted: ArrayLike<number>): Promise<number> {
    const most = Math.min(this.nText, wanted.length - 1);
    let shared = 0;
    while (shared < most && this.tokens[shared] === wanted[shared]) shared++;
    this.cut(shared);
    const { nRead } = await this.settle();
    if (nRead < shared) this.snapshots.wish(shared); // texts that part here once may do so again
    this.nText = nRead;
    this.nTaken = 0;
    if (this.hasOthers) await (await import('./same_start.ts')).takeStart(this, wanted); // few programs have several texts
    return this.nText - this.nTaken;
  }

  private get hasOthers(): boolean {
    return this.shared.timelines.size > 1 && this.program.taking !== undefined;
  }

  /** Reads one step towards the end of `wanted`, which the text is a start of; returns the logits `[1, nVocab]` at the end, as `read` does. */
  async readTowards(
    wanted: ArrayLike<number>,
    given: Pick<Reading, 'nBest' | 'signal'> = {},
  ): Promise<Float32Array | undefined> {
    const read = () => this.readPiece(wanted, given);
    return this.hasOthers ? (await import('./same_start.ts')).readBeside(this, wanted, read) : read();
  }

  /** The next piece of `wanted`, up to its end or a place to keep. */
  private async readPiece(
    wanted: ArrayLike<number>,
    { nBest, signal }: Pick<Reading, 'nBest' | 'signal'>,
  ): Promise<Float32Array | undefined> {
    const most = Math.min(wanted.length, this.nText + this.graph.maxTokens);
    const end = this.snapshots.stopBefore(this.nText, most);
    const isLast = end === wanted.length;
    if (isLast) await this.mark(); // for the same question once more
    const piece = Array.prototype.slice.call(wanted, this.nText, end) as number[];
    const logits = await this.read(piece, { nLogits: isLast ? 1 : 0, nBest, signal });
    await this.snapshots.passed(this.written!);
    return isLast ? logits : undefined;
  }

  /**
   * Reads tokens, at most a step of them.
   * @returns the logits of the last `nLogits` tokens, `[nLogits, nVocab]`, valid until the next step; none where there are the `best`.
   */
  async read(tokens: ArrayLike<number>, reading: Reading): Promise<Float32Array> {
    const { nLogits, nGuesses = 0 } = reading;
    await this.settle();
    const end = this.nText + tokens.length;
    this.nAgain = this.nText - this.written!.nRead;
    if (end - this.written!.nRead > this.graph.maxTokens) await this.catchUp();
    this.tokens.set(tokens, this.nText);
    await this.step(end, reading);
    this.nText = end - nGuesses;
    return this.best ? NONE : this.logits(nLogits);
  }

  /** The best of the latest logits, where they were wanted and found. */
  get best(): Best | undefined {
    return this.program.readBest?.();
  }

  /** The latest logits, `[nLogits, nVocab]`; also where the device has found the best of them, unless it was given another step. */
  async logits(nLogits = 1): Promise<Float32Array> {
    const rows = this.kept ?? (await this.program.read(this.graph.logits));
    return rows.subarray(0, nLogits * this.graph.logits.shape[1]!);
  }

  /** Whether a device finds the best logits, and works by itself. */
  get isOnDevice(): boolean {
    return this.program.readBest !== undefined;
  }

  /**
   * Gives the device the next token behind all that it was given; without one, that which it makes the likeliest there. The text does not
   * grow by it: where the text goes on otherwise, what was read ahead is taken back. So every state has to be one that can be cut back.
   */
  runAhead(token: number | undefined, nBest: number | undefined): void {
    const { program, written, nText, tokens } = this;
    const pos = written?.nRead ?? 0;
    if (!program.runAhead || !written || pos < nText || pos >= this.graph.nCtx) return;
    const ahead = { since: written.since, end: Math.max(written.end, pos + 1), nRead: pos + 1 };
    if (!this.states.every((state) => holds(state, nText, ahead))) return;
    if (token !== undefined) tokens[pos] = token;
    program.runAhead({ tokens: token === undefined ? token : tokens.subarray(pos, pos + 1), pos, nLogits: 1, nBest });
    this.written = ahead;
  }

  /** Keeps this place, if the states cannot be cut back to it later. */
  async mark(): Promise<void> {
    const written = await this.settle();
    if (written.nRead === this.nText) await this.snapshots.take(written);
  }

  /**
   * Keeps this place until the next guesses have been verified; or the one that wrong guesses have led back to, where that is near: what lies
   * between is read again in the step that verifies, for little more than that takes.
   */
  async markBeforeGuesses(): Promise<void> {
    const { nRead } = await this.settle();
    if (this.nText - nRead <= FEW_AGAIN && this.snapshots.isBeforeGuesses(nRead)) return;
    await this.snapshots.takeBeforeGuesses(await this.catchUp());
  }

  async save(): Promise<SavedTimeline> {
    await this.catchUp();
    const states: Uint8Array[] = [];
    for (const state of this.states) {
      const { begin, end } = rowsNeeded(state, this.nText);
      for (const value of valuesOf(state)) states.push(await this.program.readState(value, begin, end));
    }
    return { tokens: this.text.slice(), states };
  }

  /** Bytes of each array of a saved timeline of `nTokens` tokens. */
  savedBytes(nTokens: number): number[] {
    return this.states.flatMap((state) => {
      const { begin, end } = rowsNeeded(state, nTokens);
      return valuesOf(state).map((value) => bytesOf(value, (end - begin) * value.shape[1]!));
    });
  }

  /** Puts a saved timeline in place of this one; its sizes are those of `savedBytes`. */
  async restore({ tokens, states }: SavedTimeline): Promise<void> {
    this.cut(0);
    await this.startAnew();
    let i = 0;
    for (const state of this.states) {
      const { begin } = rowsNeeded(state, tokens.length);
      for (const value of valuesOf(state)) await this.program.writeState(value, begin, states[i++]!);
    }
    this.tokens.set(tokens);
    const nRead = tokens.length;
    this.written = { since: nRead, end: nRead, nRead };
    this.nText = nRead;
  }

  /** Puts a text in place of this one that the states do not know: it is read when it is needed. */
  restart(text: Int32Array): void {
    this.tokens.set(text);
    this.nText = text.length;
    this.written = undefined;
  }

  /** Reads what was lost on the way back, so that the states stand behind the text. */
  private async catchUp(): Promise<Written> {
    await this.settle();
    while (this.written!.nRead < this.nText) {
      await this.step(Math.min(this.written!.nRead + this.graph.maxTokens, this.nText), { nLogits: 0 });
    }
    return this.written!;
  }

  private async step(end: number, { nLogits, nBest, signal }: Reading): Promise<void> {
    const { nRead: pos, since, end: last } = this.written!;
    const ahead = { since, end: Math.max(last, end) };
    const canGoBack = this.states.every(({ kind }) => kind !== 'rows');
    this.written = canGoBack ? { ...ahead, nRead: pos } : undefined; // should the step end in its middle
    const step = { tokens: this.tokens.subarray(pos, end), pos, nLogits, nBest };
    const { shared } = this;
    if (shared.timelines.size > 1 && !shared.turns) {
      const { Turns } = await import('./turns.ts'); // most programs have one text
      shared.turns ??= new Turns(shared.timelines); // not before: two may wait for the module, and must get the same
    }
    const { turns } = shared;
    if (!turns) this.isHolding = true; // another timeline may begin meanwhile: it waits
    try {
      await (turns ? turns.run(this, step, signal) : this.program.run(step, signal));
    } finally {
      if (!turns && this.nCalls === 0) this.letGo();
    }
    this.written = { ...ahead, nRead: end };
  }

  /** Takes states that are ahead of the text back to it, or to a place before. */
  private async settle(): Promise<Written> {
    const { nText, written } = this;
    if (!written || nText === 0) return this.startAnew();
    if (written.nRead <= nText) return written;
    this.snapshots.forgetBehind(nText);
    if (this.states.every((state) => holds(state, nText, written)))
      return (this.written = { ...written, nRead: nText });
    const restored = await this.snapshots.restoreLatest();
    return restored ? (this.written = restored) : this.startAnew();
  }

  /** An empty cache may hold anything, rows that are replaced begin at zero. */
  private async startAnew(): Promise<Written> {
    if (this.written?.nRead === 0) return this.written;
    this.snapshots.forgetBehind(0);
    for (const state of this.states) {
      if (state.kind !== 'rows') continue;
      const [n, dim] = state.rows.shape as [number, number];
      await this.program.writeState(state.rows, 0, new Uint8Array(n * dim * 4));
    }
    return (this.written = { since: 0, end: 0, nRead: 0 });
  }
}
