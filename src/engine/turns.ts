import type { Program, ProgramStep, StateCopy } from '../backends/backend.ts';
import { asError } from '../base/errors.ts';
import type { Graph, Step, Value } from '../graph/graph.ts';
import { sharesOf, type Share } from './shares.ts';
import { tick } from '#platform';

/** A program that takes turns with others. */
export interface SharedProgram extends Program {
  /** A call begins that will run it again and again; what comes back ends the call. */
  enter?(): () => void;
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
  private waiting: Turn[] = [];
  private isBusy = false;
  /** It ran alone, and what it made lies where others write: they wait until it comes again, or its call ends. */
  private holder: TurnProgram | undefined;
  private nPrograms = 0;
  private nEntered = 0;
  /** Counts steps: whoever waits for one sees that it has begun. */
  private nSteps = 0;
  private isPatient = false;

  /** A program of the backend as one of those that take turns. */
  program(graph: Graph, inner: Program): SharedProgram {
    return new TurnProgram(this, graph, inner);
  }

  opened(): void {
    this.nPrograms++;
  }

  closed(program: TurnProgram): void {
    this.nPrograms--;
    this.letGo(program);
  }

  entered(): void {
    this.nEntered++;
  }

  left(program: TurnProgram): void {
    this.nEntered--;
    this.letGo(program);
  }

  private letGo(program: TurnProgram): void {
    if (this.holder === program) this.holder = undefined;
    this.consider();
  }

  run(program: TurnProgram, step: Step, signal: AbortSignal | undefined): void | Promise<void> {
    const isAlone = this.nPrograms === 1 || (program.isEntered && this.nEntered === 1);
    if (this.isBusy || this.waiting.length > 0 || !isAlone) return this.queue(program, step, signal);
    if (this.holder && this.holder !== program) return this.queue(program, step, signal);
    program.forget();
    this.holder = program.isEntered && program.inner.sharesResults ? program : undefined;
    const running = program.inner.run(step, signal);
    return running && this.until(running);
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

  private queue(program: TurnProgram, step: Step, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (this.holder === program) this.holder = undefined;
    program.forget();
    return new Promise((resolve, reject) => {
      const abort = () => this.abort(turn);
      const settle = (error?: Error): void => {
        signal?.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve();
      };
      const turn: Turn = { program, graph: program.graph, step, signal, nDone: 0, settle };
      signal?.addEventListener('abort', abort);
      this.waiting.push(turn);
      if (this.mayBegin && this.waiting.length >= this.nEntered) void this.step();
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
    return !this.isBusy && !this.holder && this.waiting.length > 0;
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
      else if (this.mayBegin && (++n === PATIENCE || this.waiting.length >= this.nEntered)) await this.step();
    }
    this.isPatient = false;
  }

  /** One step of what waits: as much as may run together with the first. */
  private async step(): Promise<void> {
    const [first] = this.waiting as [Turn];
    const mayJoin = ({ program, graph }: Turn) => graph === first.graph && program.inner.runTogether !== undefined;
    const shares = mayJoin(first) ? sharesOf(this.waiting.filter(mayJoin), first.graph) : [wholeOf(first)];
    const taken = new Set(shares.map(({ turn }) => turn));
    this.waiting = this.waiting.filter((turn) => !taken.has(turn));
    this.isBusy = true;
    this.nSteps++;
    const failed = await runShares(shares);
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
}

/** A run that waits, or is under way. */
interface Turn {
  readonly program: TurnProgram;
  readonly graph: Graph;
  readonly step: Step;
  readonly signal: AbortSignal | undefined;
  /** Tokens that have run. */
  nDone: number;
  readonly settle: (error?: Error) => void;
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
  const [first] = shares as [Share<Turn>];
  const { inner, graph } = first.turn.program;
  const steps = shares.map((share): ProgramStep => ({ program: share.turn.program.inner, step: partOf(share) }));
  const running = inner.runTogether!(steps);
  if (running) await running;
  const rows = (await inner.read(graph.logits)) as Float32Array;
  const nVocab = graph.logits.shape[1]!;
  let at = 0;
  for (const { turn, nLogits } of shares) {
    turn.program.keep(rows.subarray(at, at + nLogits * nVocab));
    at += nLogits * nVocab;
  }
}

async function runAlone(share: Share<Turn>): Promise<void> {
  const { program, signal } = share.turn;
  const { inner, graph } = program;
  const running = inner.run(partOf(share), signal);
  if (running) await running;
  if (inner.sharesResults && share.nLogits > 0) program.keep(await inner.read(graph.logits));
}

/** A program of the backend, when it is its turn. */
class TurnProgram implements SharedProgram {
  readonly graph: Graph;
  readonly inner: Program;
  readonly readBest: Program['readBest'];
  readonly runAhead: Program['runAhead'];
  private readonly turns: Turns;
  private nEntered = 0;
  private disposed = false;
  /** `[nRows, nVocab]`: rows of logits that others do not write over, those of the latest run first. */
  private kept = new Float32Array(0);
  private nKept = 0;

  constructor(turns: Turns, graph: Graph, inner: Program) {
    this.turns = turns;
    this.graph = graph;
    this.inner = inner;
    this.readBest = inner.readBest && (() => inner.readBest!());
    this.runAhead = inner.runAhead && ((step) => inner.runAhead!(step));
    turns.opened();
  }

  get isEntered(): boolean {
    return this.nEntered > 0;
  }

  enter(): () => void {
    this.nEntered++;
    this.turns.entered();
    return () => {
      this.nEntered--;
      this.turns.left(this);
    };
  }

  run(step: Step, signal?: AbortSignal): void | Promise<void> {
    return this.turns.run(this, step, signal);
  }

  /** The rows that it has are of an earlier run. */
  forget(): void {
    this.nKept = 0;
  }

  /** Takes more rows of logits for its own. */
  keep(rows: Float32Array): void {
    const n = this.nKept + rows.length;
    if (n > this.kept.length) {
      const longer = new Float32Array(n);
      longer.set(this.kept.subarray(0, this.nKept));
      this.kept = longer;
    }
    this.kept.set(rows, this.nKept);
    this.nKept = n;
  }

  read(value: Value): Float32Array | Promise<Float32Array> {
    if (value === this.graph.logits && this.nKept > 0) return this.kept.subarray(0, this.nKept);
    return this.inner.read(value);
  }

  readState(state: Value, begin: number, end: number): Uint8Array | Promise<Uint8Array> {
    return this.inner.readState(state, begin, end);
  }

  writeState(state: Value, begin: number, rows: Uint8Array): void | Promise<void> {
    return this.inner.writeState(state, begin, rows);
  }

  copyOf(states: readonly Value[]): StateCopy {
    return this.inner.copyOf(states);
  }

  get room(): Promise<void> | undefined {
    return this.inner.room;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.inner.dispose();
    this.turns.closed(this);
  }
}
