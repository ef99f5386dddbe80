import type { Program, StateCopy } from '../backends/backend.ts';
import { stateBytes, valuesOf, type LayerState, type Written } from '../graph/layer_state.ts';
import { ResourceError } from '../base/errors.ts';
import { smallest, sum } from '../base/numbers.ts';

/** A place in the text to which states return that cannot be cut back. */
interface Snapshot {
  readonly copy: StateCopy;
  readonly written: Written;
}

/** Copies kept at most: one near the start, usually behind the system prompt, and the latest. */
const MAX_SNAPSHOTS = 4;

const copied = (states: readonly LayerState[]): readonly LayerState[] => states.filter(({ kind }) => kind !== 'all');

const bytesOf = (states: readonly LayerState[]): number => sum(states.map(stateBytes));

function mostCopies(states: readonly LayerState[]): number {
  const bytes = bytesOf(copied(states));
  return bytes === 0 ? 0 : Math.min(MAX_SNAPSHOTS, Math.floor(bytesOf(states) / bytes));
}

/** Bytes of the copies that a session comes to keep, which lie beside the memory of the backend. */
export const copyBytes = (states: readonly LayerState[]): number => mostCopies(states) * bytesOf(copied(states));

/**
 * Copies of a timeline's states that cannot be cut back just anywhere. Together they take at most as much memory as the
 * states themselves, and a model whose states can all be cut back has none.
 */
export class Snapshots {
  /** The states that are copied: rings, and rows that each step replaces. */
  private readonly states: readonly LayerState[];
  private readonly program: Program;
  private readonly most: number;
  private kept: Snapshot[] = []; // by place
  private beforeGuesses: Snapshot | undefined;
  /** Copies of places that are gone, for places to come: nobody but the program frees their memory. */
  private readonly spare: StateCopy[] = [];
  /** Whether a device may have room for more copies. */
  private hasRoom = true;
  private wishes: number[] = [];

  constructor(states: readonly LayerState[], program: Program) {
    this.states = copied(states);
    this.program = program;
    this.most = mostCopies(states);
  }

  /** Asks for a snapshot when reading comes by this place. */
  wish(nTokens: number): void {
    if (this.most > 0 && nTokens > 0 && !this.wishes.includes(nTokens)) this.wishes.push(nTokens);
  }

  /** The first place between `begin` and `end` where a snapshot is wished for; `end` where there is none. */
  stopBefore(begin: number, end: number): number {
    return Math.min(end, smallest(this.wishes.filter((place) => place > begin)));
  }

  /** Reading has come to this place. */
  async passed(written: Written): Promise<void> {
    if (!this.wishes.includes(written.nRead)) return;
    this.wishes = this.wishes.filter((place) => place > written.nRead);
    await this.take(written);
  }

  /** Keeps the states as they are. */
  async take(written: Written): Promise<void> {
    const { nRead } = written;
    const most = this.hasRoom ? this.most : Math.min(this.most, this.kept.length + this.spare.length);
    if (most === 0 || nRead === 0 || this.kept.at(-1)?.written.nRead === nRead) return; // the beginning needs no copy
    if (this.kept.length === most) this.spare.push(this.kept.splice(Math.min(1, most - 1), 1)[0]!.copy);
    const copy = await this.copied();
    if (copy) this.kept.push({ copy, written });
  }

  /** A copy of the states as they are; undefined where there is no room for one. Copies save time, nothing else depends on them. */
  private async copied(): Promise<StateCopy | undefined> {
    try {
      const copy = this.spare.pop() ?? (this.hasRoom ? this.program.copyOf(this.states.flatMap(valuesOf)) : undefined);
      await copy?.take();
      return copy;
    } catch (error) {
      if (!(error instanceof ResourceError)) throw error;
      this.hasRoom = false;
      return undefined;
    }
  }

  /** Keeps rows that steps replace until the next guesses have been verified. Rings still hold the positions before them. */
  async takeBeforeGuesses(written: Written): Promise<void> {
    if (!this.states.some(({ kind }) => kind === 'rows')) return;
    this.forgetGuesses();
    const isShort = !this.hasRoom && this.spare.length === 0 && this.kept.length > 0;
    if (isShort) this.spare.push(this.kept.shift()!.copy); // without this one every wrong guess has the text read again
    const copy = await this.copied();
    if (copy) this.beforeGuesses = { copy, written };
  }

  /** Whether the place before the latest guesses is this one. */
  isBeforeGuesses(nRead: number): boolean {
    return this.beforeGuesses?.written.nRead === nRead;
  }

  /** Places behind the first `nTokens` tokens belong to another text from now on. */
  forgetBehind(nTokens: number): void {
    const isBehind = ({ written }: Snapshot): boolean => written.nRead > nTokens;
    for (const snapshot of this.kept) if (isBehind(snapshot)) this.spare.push(snapshot.copy);
    this.kept = this.kept.filter((snapshot) => !isBehind(snapshot));
    if (this.beforeGuesses && isBehind(this.beforeGuesses)) this.forgetGuesses();
    this.wishes = this.wishes.filter((place) => place <= nTokens);
  }

  /** Returns to the latest place, and says what its states hold; undefined where there is no place. */
  async restoreLatest(): Promise<Written | undefined> {
    const candidates = [this.kept.at(-1), this.beforeGuesses].filter((snapshot) => snapshot !== undefined);
    if (candidates.length === 0) return undefined;
    const latest = candidates.reduce((a, b) => (b.written.nRead > a.written.nRead ? b : a));
    await latest.copy.restore();
    return latest.written;
  }

  private forgetGuesses(): void {
    if (this.beforeGuesses) this.spare.push(this.beforeGuesses.copy);
    this.beforeGuesses = undefined;
  }
}
