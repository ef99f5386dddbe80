import type { ProgramStep } from '../backends/backend.ts';
import { asError } from '../base/errors.ts';
import type { Step } from '../graph/graph.ts';
import { sharesOf, type Share } from './shares.ts';
import type { Seat, Table } from './seat.ts';
import { tick } from '#platform';

/** A run that waits, or is under way. */
interface Turn {
  readonly seat: Seat;
  readonly step: Step;
  readonly signal: AbortSignal | undefined;
  /** Tokens that have run. */
  nDone: number;
  readonly settle: (error?: Error) => void;
}

/** So many ticks a step waits for the calls that are not there yet: one brings their messages, and from one to the next they draw a token. */
const PATIENCE = 2;

/**
 * Runs of several calls. One waits until the others have come, too, and a step takes what all of them want:
 *
 *     A decodes    │a7│     │a8│           │a9│
 *     B decodes    │b3│     │b4│           │b5│          one step: weights are read once for all
 *     C is read    │c0 … c125│c126 … c251│c252│ …        in slices, as large as the others leave room for
 *
 * Whoever wants little gets it in the next step, whatever the others want. What cannot run together runs one after the other, in the
 * order in which it came. Results are the same to the bit, because a token's numbers do not depend on what else a step has.
 */
export class Queue {
  private readonly turns: Table;
  private waiting: Turn[] = [];
  /** Counts steps: whoever waits for one sees that it has begun. */
  private nSteps = 0;
  private isPatient = false;

  constructor(turns: Table) {
    this.turns = turns;
  }

  get isWaited(): boolean {
    return this.waiting.length > 0;
  }

  /** @throws what the program throws, the signal's reason */
  add(seat: Seat, step: Step, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => this.abort(turn);
      const settle = (error?: Error): void => {
        signal?.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve();
      };
      const turn: Turn = { seat, step, signal, nDone: 0, settle };
      if (signal?.aborted) return settle(signal.reason as Error);
      signal?.addEventListener('abort', abort);
      this.waiting.push(turn);
      if (this.mayBegin && this.isComplete) void this.step();
      else this.consider();
    });
  }

  /** A step begins when all calls have come, or have had their time to. */
  consider(): void {
    if (this.mayBegin && !this.isPatient) void this.wait();
  }

  /** Of one that is under way its slice ends first. */
  private abort(turn: Turn): void {
    const at = this.waiting.indexOf(turn);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    turn.settle(turn.signal!.reason as Error);
  }

  private get mayBegin(): boolean {
    return !this.turns.isBusy && !this.turns.holder && this.isWaited;
  }

  private get isComplete(): boolean {
    return this.waiting.length >= this.turns.nEntered;
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
    const { turns } = this;
    const [first] = this.waiting as [Turn];
    const mayJoin = ({ seat: { program, graph } }: Turn) =>
      graph === first.seat.graph && program.runTogether !== undefined;
    const shares = mayJoin(first) ? sharesOf(this.waiting.filter(mayJoin), first.seat.graph) : [wholeOf(first)];
    const taken = new Set(shares.map(({ turn }) => turn));
    this.waiting = this.waiting.filter((turn) => !taken.has(turn));
    turns.isBusy = true;
    this.nSteps++;
    const failed = await runShares(shares);
    turns.isBusy = false;
    for (const { turn, nTokens } of shares) {
      turn.nDone += nTokens;
      const error = failed.get(turn);
      if (error || turn.nDone === turn.step.tokens.length) turn.settle(error);
      else if (turn.signal?.aborted) turn.settle(turn.signal.reason as Error);
      else this.waiting.push(turn);
    }
    this.consider();
  }
}

const wholeOf = (turn: Turn): Share<Turn> => ({ turn, nTokens: turn.step.tokens.length, nLogits: turn.step.nLogits });

/** The part of a turn's step that a share is. */
function partOf({ turn: { step, nDone }, nTokens, nLogits }: Share<Turn>): Step {
  if (nTokens === step.tokens.length) return step;
  return { ...step, tokens: step.tokens.subarray(nDone, nDone + nTokens), pos: step.pos + nDone, nLogits };
}

/** Runs them all, together where they are several; of those that fail, why. One that fails fails alone. */
async function runShares(shares: readonly Share<Turn>[]): Promise<ReadonlyMap<Turn, Error>> {
  const failed = new Map<Turn, Error>();
  if (shares.length > 1) {
    try {
      await runTogether(shares);
      return failed;
    } catch {
      // one by one each of them says what is wrong with it
    }
  }
  for (const share of shares) {
    try {
      await runAlone(share);
    } catch (error) {
      failed.set(share.turn, asError(error));
    }
  }
  return failed;
}

async function runTogether(shares: readonly Share<Turn>[]): Promise<void> {
  const { program, graph } = shares[0]!.turn.seat;
  await program.runTogether!(
    shares.map((share): ProgramStep => ({ program: share.turn.seat.program, step: partOf(share) })),
  );
  const rows = await program.read(graph.logits);
  const nVocab = graph.logits.shape[1]!;
  let at = 0;
  for (const { turn, nLogits } of shares) {
    turn.seat.keep(rows.subarray(at, at + nLogits * nVocab), turn.step.nLogits * nVocab);
    at += nLogits * nVocab;
  }
}

async function runAlone(share: Share<Turn>): Promise<void> {
  const { seat, signal, step } = share.turn;
  const { program, graph } = seat;
  await program.run(partOf(share), signal);
  if (program.sharesResults && share.nLogits > 0)
    seat.keep(await program.read(graph.logits), step.nLogits * graph.logits.shape[1]!);
}
