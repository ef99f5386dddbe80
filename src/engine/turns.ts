import type { Program } from '../backends/backend.ts';
import { asError } from '../base/errors.ts';
import type { Graph, Step } from '../graph/graph.ts';
import { sharesOf, type Share } from './shares.ts';
import { tick } from '#platform';

/** A program among those of a model that take turns. */
export interface Seat {
  readonly program: Program;
  readonly graph: Graph;
  /** Calls under way that run it again and again. */
  readonly nCalls: number;
  /** It ran alone in a call, and what it made is not used up yet. */
  isHolding: boolean;
  /** Logits of its latest run, `[nLogits, nVocab]`, where others do not write over them. */
  kept: Float32Array | undefined;
}

/** A run that waits, or is under way. */
interface Turn {
  readonly seat: Seat;
  readonly step: Step;
  readonly signal: AbortSignal | undefined;
  /** Tokens, and rows of logits, that have run. */
  nDone: number;
  nRows: number;
  readonly settle: (error?: Error) => void;
}

/** So many ticks a step waits for the calls that are not there yet: one brings their messages, and from one to the next they draw a token. */
const PATIENCE = 2;

/**
 * The programs of one model take turns on its backend. Where one call is under way, its runs go through at once. Where there are several,
 * a run waits until the others have come, too, and a step takes what all of them want:
 *
 *     A decodes    │a7│     │a8│           │a9│
 *     B decodes    │b3│     │b4│           │b5│          one step: weights are read once for all
 *     C is read    │c0 … c125│c126 … c251│c252│ …        in slices, as large as the others leave room for
 *
 * Whoever wants little gets it in the next step, whatever the others want. What cannot run together runs one after the other, in the
 * order in which it came. Results are the same to the bit, because a token's numbers do not depend on what else a step has.
 */
export class Turns {
  private readonly seats: ReadonlySet<Seat>;
  /** What each seat's rows of logits are copied to. */
  private readonly rows = new WeakMap<Seat, Float32Array>();
  private waiting: Turn[] = [];
  private isBusy = false;
  /** Counts steps: whoever waits for one sees that it has begun. */
  private nSteps = 0;
  private isPatient = false;

  /** @param seats all of the model */
  constructor(seats: ReadonlySet<Seat>) {
    this.seats = seats;
  }

  /** @throws what the program throws, the signal's reason */
  run(seat: Seat, step: Step, signal: AbortSignal | undefined): void | Promise<void> {
    const { program, nCalls } = seat;
    seat.kept = undefined;
    seat.isHolding = false;
    const isAlone = this.seats.size === 1 || (nCalls > 0 && this.nEntered === 1);
    if (!isAlone || this.isBusy || this.waiting.length > 0 || this.isHeld) return this.queue(seat, step, signal);
    seat.isHolding = nCalls > 0;
    const running = program.run(step, signal);
    return running && this.until(running);
  }

  /** What it made is needed no more. */
  letGo(seat: Seat): void {
    seat.isHolding = false;
    this.consider();
  }

  /** Programs with calls under way. */
  private get nEntered(): number {
    let n = 0;
    for (const { nCalls } of this.seats) if (nCalls > 0) n++;
    return n;
  }

  private async until(running: Promise<void>): Promise<void> {
    this.isBusy = true;
    try {
      await running;
    } finally {
      this.isBusy = false;
      this.consider();
    }
  }

  private queue(seat: Seat, step: Step, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => this.abort(turn);
      const settle = (error?: Error): void => {
        signal?.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve();
      };
      const turn: Turn = { seat, step, signal, nDone: 0, nRows: 0, settle };
      if (signal?.aborted) return settle(signal.reason as Error);
      signal?.addEventListener('abort', abort);
      this.waiting.push(turn);
      if (this.mayBegin && this.isComplete) void this.step();
      else this.consider();
    });
  }

  /** Of one that is under way its slice ends first. */
  private abort(turn: Turn): void {
    const at = this.waiting.indexOf(turn);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    turn.settle(turn.signal!.reason as Error);
  }

  private get mayBegin(): boolean {
    return !this.isBusy && !this.isHeld && this.waiting.length > 0;
  }

  /** What somebody made lies where others write: they wait until it comes again, or its call ends. */
  private get isHeld(): boolean {
    for (const { isHolding, program } of this.seats) if (isHolding && program.sharesResults) return true;
    return false;
  }

  private get isComplete(): boolean {
    return this.waiting.length >= this.nEntered;
  }

  /** A step begins when all calls have come, or have had their time to. */
  private consider(): void {
    if (this.mayBegin && !this.isPatient) void this.wait();
  }

  private async wait(): Promise<void> {
    this.isPatient = true;
    let [n, seen] = [0, this.nSteps];
    while (this.mayBegin) {
      await tick();
      if (seen !== this.nSteps) [n, seen] = [0, this.nSteps];
      else if (this.mayBegin && (++n === PATIENCE || this.isComplete)) await this.step();
    }
    this.isPatient = false;
  }

  /** One step of what waits: as much as may run together with the first. */
  private async step(): Promise<void> {
    const [first] = this.waiting as [Turn];
    const mayJoin = ({ seat: { program, graph } }: Turn) =>
      graph === first.seat.graph && program.runTogether !== undefined;
    const shares = mayJoin(first) ? sharesOf(this.waiting.filter(mayJoin), first.seat.graph) : [wholeOf(first)];
    const taken = new Set(shares.map(({ turn }) => turn));
    this.waiting = this.waiting.filter((turn) => !taken.has(turn));
    this.isBusy = true;
    this.nSteps++;
    const failed = await this.runShares(shares);
    this.isBusy = false;
    for (const { turn, nTokens } of shares) {
      turn.nDone += nTokens;
      const error = failed.get(turn);
      if (error || turn.nDone === turn.step.tokens.length) turn.settle(error);
      else if (turn.signal?.aborted) turn.settle(turn.signal.reason as Error);
      else this.waiting.push(turn);
    }
    this.consider();
  }

  /** Runs them all, together where they are several; of those that fail, why. One that fails fails alone. */
  private async runShares(shares: readonly Share<Turn>[]): Promise<ReadonlyMap<Turn, Error>> {
    const failed = new Map<Turn, Error>();
    if (shares.length > 1) {
      try {
        const { program } = shares[0]!.turn.seat;
        await program.runTogether!(shares.map((share) => ({ program: share.turn.seat.program, step: partOf(share) })));
        await this.keep(program, shares);
        return failed;
      } catch {
        // one by one each of them says what is wrong with it
      }
    }
    for (const share of shares) {
      const { seat, signal } = share.turn;
      try {
        await seat.program.run(partOf(share), signal);
        if (seat.program.sharesResults) await this.keep(seat.program, [share]);
      } catch (error) {
        failed.set(share.turn, asError(error));
      }
    }
    return failed;
  }

  /** Each gets its rows of logits, behind those that it got before. */
  private async keep(program: Program, shares: readonly Share<Turn>[]): Promise<void> {
    if (shares.every(({ nLogits }) => nLogits === 0)) return;
    const { logits } = shares[0]!.turn.seat.graph;
    const nVocab = logits.shape[1]!;
    const rows = await program.read(logits);
    let at = 0;
    for (const { turn, nLogits } of shares) {
      if (nLogits === 0) continue;
      const n = turn.step.nLogits * nVocab;
      let own = this.rows.get(turn.seat);
      if (!own || own.length < n) this.rows.set(turn.seat, (own = new Float32Array(n)));
      own.set(rows.subarray(at, at + nLogits * nVocab), turn.nRows * nVocab);
      turn.nRows += nLogits;
      turn.seat.kept = own.subarray(0, n);
      at += nLogits * nVocab;
    }
  }
}

const wholeOf = (turn: Turn): Share<Turn> => ({ turn, nTokens: turn.step.tokens.length, nLogits: turn.step.nLogits });

/** The part of a turn's step that a share is. */
function partOf({ turn: { step, nDone }, nTokens, nLogits }: Share<Turn>): Step {
  if (nTokens === step.tokens.length) return step;
  return { ...step, tokens: step.tokens.subarray(nDone, nDone + nTokens), pos: step.pos + nDone, nLogits };
}
