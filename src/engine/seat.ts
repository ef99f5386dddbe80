import type { Program } from '../backends/backend.ts';
import type { Graph, Step } from '../graph/graph.ts';

/** Where programs take turns. */
export interface Table {
  /** Something runs. */
  isBusy: boolean;
  /** It ran alone, and what it made lies where others write: they wait until it comes again, or its call ends. */
  holder: Seat | undefined;
  /** Calls under way. */
  nEntered: number;
  run(seat: Seat, step: Step, signal: AbortSignal | undefined): void | Promise<void>;
  /** What it made is needed no more. */
  letGo(seat: Seat): void;
  gone(seat: Seat): void;
}

/** A program among those that take turns. */
export class Seat {
  readonly program: Program;
  readonly graph: Graph;
  private readonly turns: Table;
  private nCalls = 0;
  /** `[nRows, nVocab]`: logits of the latest run that others do not write over. */
  private kept: Float32Array | undefined;
  private nKept = 0;

  constructor(turns: Table, program: Program, graph: Graph) {
    this.turns = turns;
    this.program = program;
    this.graph = graph;
  }

  /** Whether a call is under way. */
  get isEntered(): boolean {
    return this.nCalls > 0;
  }

  /** A call begins that will run the program again and again; what comes back ends it. */
  enter(): () => void {
    this.nCalls++;
    this.turns.nEntered++;
    return () => {
      this.nCalls--;
      this.turns.nEntered--;
      this.turns.letGo(this);
    };
  }

  run(step: Step, signal?: AbortSignal): void | Promise<void> {
    return this.turns.run(this, step, signal);
  }

  /** The logits of the latest run, valid until the next one of this program. */
  logits(): Float32Array | Promise<Float32Array> {
    return this.nKept > 0 ? this.kept!.subarray(0, this.nKept) : this.program.read(this.graph.logits);
  }

  forget(): void {
    this.nKept = 0;
  }

  /** Copies rows of logits; of `n` in all, these come next. */
  keep(rows: Float32Array, n: number): void {
    if (!this.kept || this.kept.length < n) this.kept = new Float32Array(n);
    this.kept.set(rows, this.nKept);
    this.nKept += rows.length;
  }

  /** The program is no more. */
  leave(): void {
    this.turns.gone(this);
  }
}
