import { asError } from '../../../base/errors.ts';
import { orAborted } from '../../../base/signals.ts';
import type { Tensor } from '../../../graph/tensor.ts';
import type { ReadTensor, Traffic } from '../../backend.ts';
import { batchesOf, type Batch } from '../../staging.ts';
import { placeBatch, type UploadTarget } from '../upload.ts';
import type { PlacedUnit } from './paging.ts';

/** The part of the world around it that the pager needs. */
export interface PagerHost extends UploadTarget {
  /** Lets reads that have ended say so. */
  readonly tick: () => Promise<void>;
}

/** A batch on its way from storage. */
interface Coming {
  readonly unit: number;
  readonly batch: Batch;
  readonly area: number;
  isRead: boolean;
  /** Settles then. Never rejects: `failure` says why. */
  ended: Promise<void>;
}

/**
 * Brings units into the ring, in the order in which a step uses them, and behind these the first ones of the next step. Reading goes on while
 * threads compute, as far as there are staging areas. Packing takes these threads, so it happens between two units:
 *
 *     read      ▓▓ 1 ▓▓│▓ 2 ▓▓ ▓ 3 ▓▓│▓ 4
 *     pack             │▓1            │▓2
 *     compute   ▓▓ 0 ▓▓│  ▓▓▓ 1 ▓▓▓▓▓ │  ▓▓▓ 2 ▓▓▓
 */
export class Pager {
  private readonly host: PagerHost;
  private readonly units: readonly PlacedUnit[];
  private readonly batches: readonly (readonly Batch[])[];
  /** Which unit a weight is part of. */
  readonly unitOf: ReadonlyMap<string, number>;
  /** Units that lie in the same place, at least in part. */
  private readonly rivals: readonly (readonly number[])[];
  /** Batches of each unit whose reading has begun, and those that are in place. */
  private readonly nBegun: Int32Array;
  private readonly nPlaced: Int32Array;
  /** In the order in which units are used. */
  private coming: Coming[] = [];
  private freeAreas: number[] = [];
  /** The units of this step, and where in them it is. */
  private order: readonly number[] = [];
  private at = 0;
  /** Where in the step each unit is; -1: it is not part of it. */
  private readonly posOf: Int32Array;
  /** The last step came to its end, so what is under way is what the next one begins with. */
  private isClean = true;
  private failure: Error | undefined;
  private isClosed = false;
  private read: ReadTensor | undefined;
  readonly traffic: Traffic = { bytesRead: 0, waitMs: 0, packMs: 0, nChosen: 0, nHits: 0 };

  constructor(host: PagerHost) {
    this.host = host;
    const { units, areaBytes } = host.plan.paging!;
    this.units = units;
    this.batches = units.map(({ weights }) => batchesOf(weights, host.plan.rowsPerItem, areaBytes));
    this.unitOf = new Map(units.flatMap(({ weights }, u) => weights.map(({ name }) => [name, u] as const)));
    this.rivals = units.map((a) => [...units.keys()].filter((u) => units[u] !== a && overlap(units[u]!, a)));
    this.nBegun = new Int32Array(units.length);
    this.nPlaced = new Int32Array(units.length);
    this.posOf = new Int32Array(units.length);
    this.freeAreas = this.allAreas();
  }

  /** All weights have been seen once. From now on they come by. */
  open(read: ReadTensor): void {
    this.read = read;
  }

  /** A step begins that uses these units. */
  async begin(order: readonly number[]): Promise<void> {
    if (!this.isClean || this.failure || !this.suits(order)) await this.forget();
    this.order = order;
    this.at = 0;
    this.posOf.fill(-1);
    for (const [i, unit] of order.entries()) this.posOf[unit] = i;
    this.isClean = false;
    this.readOn();
  }

  /**
   * Settles when a unit is in place; those before it in the step are done with.
   * @throws what reading threw, FormatError for numbers that are not finite, the signal's reason
   */
  async arrive(unit: number, signal: AbortSignal | undefined): Promise<void> {
    this.at = this.posOf[unit]!;
    await this.host.tick();
    await this.place();
    while (!this.isThere(unit)) {
      if (this.failure) throw this.failure;
      signal?.throwIfAborted();
      await this.firstRead(signal);
      await this.place();
    }
    this.readOn();
  }

  /** The step has come to its end. */
  end(): void {
    this.at = this.order.length;
    this.isClean = true;
    this.readOn();
  }

  /** Fills `into` with a tensor's bytes. Handles of OPFS do so before they return: all of that is waited for. */
  async readInto(tensor: Tensor, offsetBytes: number, into: Uint8Array): Promise<void> {
    const startMs = performance.now();
    const reading = this.read!(tensor, offsetBytes, into);
    this.traffic.waitMs += performance.now() - startMs;
    await reading;
    this.traffic.bytesRead += into.length;
  }

  /** Settles when nothing is under way any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.quiet();
  }

  private isThere(unit: number): boolean {
    return this.nPlaced[unit] === this.batches[unit]!.length;
  }

  /** Whether what is under way is what this step misses first: anything else would wait for a place while that waits behind it. */
  private suits(order: readonly number[]): boolean {
    const missing = order.filter((unit) => !this.isThere(unit));
    const coming = new Set(this.coming.map(({ unit }) => unit));
    return [...coming].every((unit, i) => unit === missing[i]);
  }

  private async firstRead(signal: AbortSignal | undefined): Promise<void> {
    const { ended } = this.coming[0]!;
    await this.waiting(signal ? orAborted(ended, signal) : ended);
  }

  /** What is waited for while nothing can be computed. */
  async waiting(coming: Promise<void>): Promise<void> {
    const startMs = performance.now();
    const { waitMs } = this.traffic;
    try {
      await coming;
    } finally {
      this.traffic.waitMs = waitMs + performance.now() - startMs; // reads that began meanwhile are part of it
    }
  }

  private async quiet(): Promise<void> {
    await Promise.all(this.coming.map(({ ended }) => ended));
  }

  /** Lets go of all that is not whole. */
  private async forget(): Promise<void> {
    await this.quiet();
    this.coming = [];
    this.failure = undefined;
    for (const unit of this.units.keys()) if (!this.isThere(unit)) this.drop(unit);
    this.freeAreas = this.allAreas();
  }

  private allAreas(): number[] {
    return [...Array(this.host.plan.paging!.nAreas).keys()];
  }

  private drop(unit: number): void {
    this.nBegun[unit] = this.nPlaced[unit] = 0;
  }

  /** Packs what has been read, as far as nothing lies in its place that is used before, and reads on. */
  private async place(): Promise<void> {
    for (let first; (first = this.coming[0]) && first.isRead && !this.failure && this.rivalsBefore(first.unit) === 0;) {
      const { unit, batch, area } = this.coming.shift()!;
      if (this.nPlaced[unit] === 0) this.takePlace(unit);
      const startMs = performance.now();
      await placeBatch(this.host, batch, this.beginOf(area), ({ tensor }) => this.host.plan.weights.get(tensor.name));
      this.traffic.packMs += performance.now() - startMs;
      this.nPlaced[unit]!++;
      this.freeAreas.push(area);
      this.readOn();
    }
  }

  /** Units that lie where this one does, and are used before it. */
  private rivalsBefore(unit: number): number {
    let n = 0;
    for (const rival of this.rivals[unit]!) if (this.stepsTo(rival) < this.stepsTo(unit)) n++;
    return n;
  }

  /** How many units are used before this one. */
  private stepsTo(unit: number): number {
    const { order, at, posOf } = this;
    const pos = posOf[unit]!;
    if (pos < 0) return Infinity;
    return pos >= at ? pos - at : pos - at + order.length;
  }

  /** What lies in a unit's place is gone, but for what is used before it: that has its time. */
  private takePlace(unit: number): void {
    for (const rival of this.rivals[unit]!)
      if (this.nPlaced[rival]! > 0 && this.stepsTo(rival) > this.stepsTo(unit)) this.drop(rival);
  }

  /** Begins as many reads as there are areas, of the units that are used next. */
  private readOn(): void {
    const { order, at } = this;
    for (let i = at; i < at + order.length; i++) {
      const unit = order[i % order.length]!;
      while (this.nBegun[unit]! < this.batches[unit]!.length) {
        if (this.freeAreas.length === 0 || this.failure || this.isClosed) return;
        if (this.nBegun[unit] === 0) this.takePlace(unit);
        this.readNext(unit);
      }
    }
  }

  private readNext(unit: number): void {
    const batch = this.batches[unit]![this.nBegun[unit]!++]!;
    const area = this.freeAreas.pop()!;
    const reads = batch.pieces.map(({ tensor, offsetBytes, stagedAt, bytes }) =>
      this.readInto(tensor, offsetBytes, this.host.heap.bytes(this.beginOf(area) + stagedAt, bytes)),
    );
    const ended = Promise.allSettled(reads).then((results) => {
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) this.failure ??= asError(failed.reason);
      coming.isRead = true;
    });
    const coming: Coming = { unit, batch, area, isRead: false, ended };
    this.coming.push(coming);
  }

  private beginOf(area: number): number {
    const { paged, paging } = this.host.plan;
    return paged.begin + paging!.stagingAt + area * paging!.areaBytes;
  }
}

const overlap = (a: PlacedUnit, b: PlacedUnit): boolean => a.begin < b.end && b.begin < a.end;
