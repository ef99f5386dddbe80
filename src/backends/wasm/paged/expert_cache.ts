import { asError } from '../../../base/errors.ts';
import { orAborted } from '../../../base/signals.ts';
import type { Tensor } from '../../../graph/tensor.ts';
import type { Traffic } from '../../backend.ts';
import { batchesOf, MAX_PIECES, type Piece } from '../../staging.ts';
import { placeBatch } from '../upload.ts';
import type { PagerHost } from './pager.ts';
import type { ExpertPlace } from './paging.ts';
import { preferCached, type RouterPlace } from './prefer.ts';
import { Scores } from './scores.ts';

type ReadInto = (tensor: Tensor, offsetBytes: number, into: Uint8Array) => Promise<void>;

/** An expert on its way into a slot. */
interface Load {
  readonly layer: Layer;
  readonly expert: number;
  readonly slot: number;
  nLeft: number;
}

/** Some of its bytes. */
interface Part {
  readonly load: Load;
  readonly piece: Piece;
  area: number;
  isRead: boolean;
  /** Settles when they are in a staging area; never rejects. */
  ended: Promise<void>;
}

const NONE = -1;
/** In place of the slot of an expert that is being read, and of the expert there. */
const COMING = -2;

/** The slots of a layer, and who is in them. At first nobody is: what the upload left there may be parts of several. */
interface Layer {
  readonly place: ExpertPlace;
  /** Of each expert, the pieces of its matrices. */
  readonly pieces: readonly (readonly Piece[])[];
  readonly expertIn: Int32Array;
  readonly slotOf: Int32Array;
  readonly scores: Scores;
}

/**
 * Experts in memory: as many of each layer as it has slots. A step runs those that are there while it reads the others, and then these; where
 * it wants more than there are slots, in as many rounds as it takes.
 *
 *     chosen 3 7 9 12       slots │ 3 │ 5 │ 9 │ 1 │       run 3 9 while 7 12 are read into the places of 5 1, then run 7 12
 */
export class ExpertCache {
  private readonly host: PagerHost;
  private readonly layers: readonly Layer[];
  /** By the names of its stacks. */
  readonly layerOf: ReadonlyMap<string, number>;
  private readonly read: ReadInto;
  private readonly traffic: Traffic;
  private readonly margin: number | undefined;
  private readonly stagingAt: number;
  private readonly areaBytes: number;
  private readonly allAreas: readonly number[];
  private freeAreas: number[];
  private waiting: Part[] = [];
  private coming: Part[] = [];
  private failure: Error | undefined;
  private isClean = true;

  /** @param how `preferCached`: a margin within which a token takes experts that are there */
  constructor(
    host: PagerHost,
    { read, traffic, preferCached }: { read: ReadInto; traffic: Traffic; preferCached: number | undefined },
  ) {
    this.margin = preferCached;
    const { experts, expertAreas, expertStagingAt, expertAreaBytes } = host.plan.paging!;
    this.host = host;
    this.layerOf = new Map(experts.flatMap(({ stacks }, l) => stacks.map(({ tensor }) => [tensor.name, l] as const)));
    this.read = read;
    this.traffic = traffic;
    this.stagingAt = host.plan.paged.begin + expertStagingAt;
    this.areaBytes = expertAreaBytes;
    this.allAreas = Array.from({ length: expertAreas }, (_, i) => i);
    this.freeAreas = [...this.allAreas];
    this.layers = experts.map((place) => ({
      place,
      pieces: piecesByExpert(place, host.plan.rowsPerItem, expertAreaBytes),
      expertIn: new Int32Array(place.nSlots).fill(NONE),
      slotOf: new Int32Array(place.nExperts).fill(NONE),
      scores: new Scores(place.nExperts),
    }));
  }

  /**
   * Runs products with the experts that a layer's step has chosen.
   * @param choicesAt address of the list of `sort_choices`
   * @param run does all products whose matrices are in the tables
   * @throws what reading throws, the signal's reason
   */
  async serve(
    group: number,
    { choicesAt, nTokens, signal }: { choicesAt: number; nTokens: number; signal: AbortSignal | undefined },
    run: () => Promise<void>,
  ): Promise<void> {
    const layer = this.layers[group]!;
    if (!this.isClean) await this.forget();
    this.isClean = false;
    let left = this.chosenAt(choicesAt, layer, nTokens);
    this.count(layer, left);
    while (left.length > 0) {
      this.fetch(layer, left);
      const there = left.filter((expert) => layer.slotOf[expert]! >= 0);
      if (there.length === 0) {
        await this.wait(signal);
        continue;
      }
      this.fillTables(layer, there);
      await run();
      left = left.filter((expert) => !there.includes(expert));
    }
    this.isClean = true;
  }

  get prefers(): boolean {
    return this.margin !== undefined;
  }

  /** Has a token choose experts that are there, where others are hardly better. */
  prefer(router: RouterPlace): void {
    const { slotOf } = this.layers[router.layer]!;
    preferCached(this.host.heap, router, { margin: this.margin!, isThere: (expert) => slotOf[expert]! >= 0 });
  }

  /** Settles when nothing is under way any more. */
  async quiet(): Promise<void> {
    this.waiting = [];
    await Promise.all(this.coming.map(({ ended }) => ended));
  }

  /** Experts that any row chose, the most wanted first. */
  private chosenAt(at: number, { scores }: Layer, nTokens: number): number[] {
    const { ints } = this.host.heap;
    const nChosen = ints[at / 4]!;
    const chosen: number[] = [];
    scores.pass(nTokens);
    for (let i = 0; i < nChosen; i++) {
      const [expert, , n] = ints.subarray(at / 4 + 1 + 3 * i) as unknown as [number, number, number];
      scores.used(expert, n);
      chosen.push(expert);
    }
    return chosen;
  }

  private count({ slotOf }: Layer, chosen: readonly number[]): void {
    this.traffic.nChosen += chosen.length;
    for (const expert of chosen) if (slotOf[expert]! >= 0) this.traffic.nHits++;
  }

  /** Begins to read those that are not there, as far as slots can be had. */
  private fetch(layer: Layer, wanted: readonly number[]): void {
    const { slotOf, expertIn, pieces } = layer;
    for (const expert of wanted) {
      if (slotOf[expert] !== NONE) continue;
      const slot = this.slotFor(layer, wanted);
      if (slot === NONE) break;
      const before = expertIn[slot]!;
      if (before !== NONE) slotOf[before] = NONE;
      expertIn[slot] = COMING;
      slotOf[expert] = COMING;
      const load: Load = { layer, expert, slot, nLeft: pieces[expert]!.length };
      for (const piece of pieces[expert]!)
        this.waiting.push({ load, piece, area: NONE, isRead: false, ended: Promise.resolve() });
    }
    this.readOn();
  }

  /** The slot of the expert that will be missed least; NONE where all are wanted. */
  private slotFor({ expertIn, scores }: Layer, wanted: readonly number[]): number {
    let best = NONE;
    let least = Infinity;
    for (const [slot, expert] of expertIn.entries()) {
      if (expert === COMING || wanted.includes(expert)) continue;
      const score = expert === NONE ? -1 : scores.of(expert);
      if (score < least) [best, least] = [slot, score];
    }
    return best;
  }

  private readOn(): void {
    while (this.waiting.length > 0 && this.freeAreas.length > 0 && !this.failure) {
      const part = this.waiting.shift()!;
      part.area = this.freeAreas.pop()!;
      const { tensor, offsetBytes, bytes } = part.piece;
      const into = this.host.heap.bytes(this.stagingAt + part.area * this.areaBytes, bytes);
      part.ended = this.read(tensor, offsetBytes, into).then(
        () => void (part.isRead = true),
        (error: unknown) => void (this.failure ??= asError(error)),
      );
      this.coming.push(part);
    }
  }

  /** Waits until what was begun is in place. */
  private async wait(signal: AbortSignal | undefined): Promise<void> {
    while (this.coming.length > 0) {
      const startMs = performance.now();
      const { ended } = this.coming[0]!;
      await (signal ? orAborted(ended, signal) : ended);
      await this.host.tick(); // others that have ended say so: all of them are packed at once
      this.traffic.waitMs += performance.now() - startMs;
      if (this.failure) throw this.failure;
      await this.pack(this.coming.filter(({ isRead }) => isRead).slice(0, MAX_PIECES));
    }
  }

  private async pack(parts: readonly Part[]): Promise<void> {
    this.coming = this.coming.filter((part) => !parts.includes(part));
    const startMs = performance.now();
    const pieces = parts.map(({ piece, area }) => ({ ...piece, stagedAt: area * this.areaBytes }));
    await placeBatch(this.host, { pieces, bytes: 0 }, this.stagingAt, (piece) => {
      const { layer, expert, slot } = parts[pieces.indexOf(piece)]!.load;
      return slotPlace(layer.place, this.host.plan.paged.begin, { name: piece.tensor.name, matrix: expert, slot });
    });
    this.traffic.packMs += performance.now() - startMs;
    for (const { area, load } of parts) {
      this.freeAreas.push(area);
      if (--load.nLeft > 0) continue;
      const { layer, expert, slot } = load;
      layer.expertIn[slot] = expert;
      layer.slotOf[expert] = slot;
    }
    this.readOn();
  }

  /** Kernels see these experts and no others. */
  private fillTables({ place, slotOf }: Layer, experts: readonly number[]): void {
    const { heap, plan } = this.host;
    for (const { tensor, at } of place.stacks) {
      const table = plan.weights.get(tensor.name)!.table! / 4;
      heap.ints.fill(0, table, table + place.nExperts);
      for (const expert of experts)
        heap.ints[table + expert] = plan.paged.begin + place.slotsAt + slotOf[expert]! * place.slotBytes + at;
    }
  }

  /** Lets go of what a step that failed, or was stopped, had begun. */
  private async forget(): Promise<void> {
    await this.quiet();
    this.coming = [];
    this.failure = undefined;
    this.freeAreas = [...this.allAreas];
    for (const { expertIn, slotOf } of this.layers)
      for (const some of [expertIn, slotOf]) some.set(some.map((which) => Math.max(which, NONE)));
  }
}

/** An expert's matrix in a slot, as a place of the whole stack: that many bytes behind it lies the matrix. */
export function slotPlace(
  place: ExpertPlace,
  regionAt: number,
  { name, matrix, slot }: { readonly name: string; readonly matrix: number; readonly slot: number },
) {
  const { layout, at } = place.stacks.find(({ tensor }) => tensor.name === name)!;
  const begin = regionAt + place.slotsAt + slot * place.slotBytes + at - matrix * layout.matrixBytes;
  return { ...layout, begin, table: undefined };
}

/** What is read for each expert: a piece is one read. */
function piecesByExpert({ stacks, nExperts }: ExpertPlace, rowsPerItem: number, mostBytes: number): Piece[][] {
  const all = stacks
    .flatMap(({ tensor }) => batchesOf([tensor], rowsPerItem, mostBytes))
    .flatMap(({ pieces }) => pieces);
  return Array.from({ length: nExperts }, (_, expert) => all.filter(({ matrix }) => matrix === expert));
}
