import type { Program } from '../backends/backend.ts';
import type { Graph, Step } from '../graph/graph.ts';
import type { Queue } from './queue.ts';
import { Seat, type Table } from './seat.ts';

/**
 * The programs of one model take turns on its backend. Where one call is under way, its runs go through at once. Where there are several,
 * they go through a queue, which runs them together.
 */
export class Turns implements Table {
  isBusy = false;
  holder: Seat | undefined;
  nEntered = 0;
  private nSeats = 0;
  private queue: Promise<Queue> | undefined;
  private opened: Queue | undefined;

  seat(program: Program, graph: Graph): Seat {
    this.nSeats++;
    return new Seat(this, program, graph);
  }

  gone(seat: Seat): void {
    this.nSeats--;
    this.letGo(seat);
  }

  letGo(seat: Seat): void {
    if (this.holder === seat) this.holder = undefined;
    this.opened?.consider();
  }

  run(seat: Seat, step: Step, signal: AbortSignal | undefined): void | Promise<void> {
    const { program, isEntered } = seat;
    const isAlone = this.nSeats === 1 || (isEntered && this.nEntered === 1);
    seat.forget();
    if (!isAlone || this.isBusy || this.opened?.isWaited || (this.holder && this.holder !== seat)) {
      if (this.holder === seat) this.holder = undefined;
      return this.queued(seat, step, signal);
    }
    this.holder = isEntered && program.sharesResults ? seat : undefined;
    const running = program.run(step, signal);
    return running && this.until(running);
  }

  private async queued(seat: Seat, step: Step, signal: AbortSignal | undefined): Promise<void> {
    this.queue ??= import('./queue.ts').then(({ Queue }) => (this.opened = new Queue(this))); // most programs make one answer at a time
    const queue = this.opened ?? (await this.queue);
    return queue.add(seat, step, signal);
  }

  private async until(running: Promise<void>): Promise<void> {
    this.isBusy = true;
    try {
      await running;
    } finally {
      this.isBusy = false;
      this.opened?.consider();
    }
  }
}
