import { sum } from '../../base/numbers.ts';
import type { Graph, Node, Step } from '../../graph/graph.ts';
import type { Call } from './calls.ts';

/**
 * How much of a long step a device is given at a time. A device that works on a step for seconds does not draw the screen meanwhile, and
 * cannot be stopped. So a step of many tokens goes in slices:
 *
 *     here     │ slice 0 │ slice 1 │ waits for 0 │ slice 2 │ waits for 1 │ …
 *     device             │ slice 0     │ slice 1     │ slice 2     │         never more than two in its queue, never idle
 *
 * A slice is a few calls, as many as take `SLICE_MS` by what those before it took.
 */

/** Of a slice, in milliseconds: with two of them in the queue, a screen is drawn 20 times in a second. */
const SLICE_MS = 25;

/** Operations of the first slice on a device of which nothing is known. */
const FIRST_WORK = 5e8;

/** Slices grow by at most so much: clocks of pages are coarse. */
const MOST_GROWTH = 4;

/** A call takes a while, however small it is. */
const CALL_WORK = 1e5;

/** How fast a device is, as far as steps have shown. */
export class Pace {
  private msPerWork: number | undefined;
  private latestWork = FIRST_WORK / MOST_GROWTH;

  /** Operations of the next slice, at most. */
  get mostWork(): number {
    const grown = MOST_GROWTH * this.latestWork;
    return this.msPerWork === undefined ? grown : Math.min(grown, SLICE_MS / this.msPerWork);
  }

  /** So many operations took so long. */
  took(work: number, ms: number): void {
    if (work === 0) return; // says nothing
    this.msPerWork = Math.max(ms, 0.01) / work;
    this.latestWork = Math.max(work, FIRST_WORK / MOST_GROWTH);
  }
}

/** Of what several nodes' calls do, that of products counts: they may be made together. */
const doneBy = ({ matrix, nodes, node }: Call): readonly Node[] => (matrix && nodes) || [node];

/** The calls of a program, cut into slices. */
export class Slices {
  /** Operations of all calls before each one, for one token; `[calls + 1]` */
  private readonly before: Float64Array;

  constructor(calls: readonly Call[], { maxTokens }: Graph) {
    const step: Step = { tokens: new Int32Array(maxTokens), pos: 0, nLogits: 0 };
    const taken = calls.map(({ from = 1, to = Infinity }) => from <= maxTokens && maxTokens <= to);
    const nOfNode = new Map(calls.map(({ node }) => [node, 0]));
    for (const [i, { node }] of calls.entries()) if (taken[i]) nOfNode.set(node, nOfNode.get(node)! + 1);
    this.before = new Float64Array(calls.length + 1);
    for (const [i, call] of calls.entries()) {
      const { node } = call;
      const flops = sum(doneBy(call).map((each) => each.op.cost(each, step).flops));
      const work = taken[i] ? CALL_WORK + flops / nOfNode.get(node)! : 0;
      this.before[i + 1] = this.before[i]! + work / maxTokens;
    }
  }

  /** Operations of the calls `[begin, end)` in a step of so many tokens. */
  work(begin: number, end: number, nTokens: number): number {
    return (this.before[end]! - this.before[begin]!) * nTokens;
  }

  /**
   * The end of the slice that begins with a call: one that the step makes at least, and no more operations than these. Calls that it does
   * not make are no slice of their own.
   */
  end(begin: number, nTokens: number, mostWork: number): number {
    const last = this.before.length - 1;
    let end = begin + 1;
    for (; end < last; end++) {
      const work = this.work(begin, end, nTokens);
      if (work > 0 && this.work(begin, end + 1, nTokens) > Math.max(mostWork, work)) break;
    }
    return Math.min(end, last);
  }
}

/** What lets slices go, two at a time. */
export class Turns {
  private readonly queue: GPUQueue;
  private readonly pace: Pace;
  private latestMs = performance.now();
  private before: Promise<void> | undefined;

  constructor(queue: GPUQueue, pace: Pace) {
    this.queue = queue;
    this.pace = pace;
  }

  /** A slice of so many operations was submitted. Waits for the one before it. */
  async gave(work: number): Promise<void> {
    const done = this.done(work);
    done.catch(() => undefined); // whoever waits is told
    await this.before;
    this.before = done;
  }

  private async done(work: number): Promise<void> {
    await this.queue.onSubmittedWorkDone();
    const nowMs = performance.now();
    this.pace.took(work, nowMs - this.latestMs);
    this.latestMs = nowMs;
  }
}
