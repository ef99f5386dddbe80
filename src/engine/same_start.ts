import type { Program } from '../backends/backend.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { holds, rowsNeeded, valuesOf, type LayerState, type Written } from '../graph/layer_state.ts';

/** The inside of a timeline. Most pages never have two, and do not load this. */
interface Inside {
  readonly program: Program;
  readonly states: readonly LayerState[];
  readonly tokens: Int32Array;
  nText: number;
  nTaken: number;
  written: Written | undefined;
  /** What is being read, and when a piece of it has been. */
  reading: { readonly wanted: ArrayLike<number>; readonly passed: Promise<void> } | undefined;
  readonly graph: Graph;
  letGo(): void;
  readonly shared: { readonly timelines: ReadonlySet<unknown> };
}

/** So many tokens at least are taken over from another timeline: fewer are as soon read. */
const WORTH_TAKING = 16;

/** The other timelines of the graph. */
const othersOf = (inside: Inside): Inside[] =>
  [...(inside.shared.timelines as ReadonlySet<Inside>)].filter(
    (other) => other.graph === inside.graph && other !== inside,
  );

/** Has a timeline, whose text is a start of `wanted`, go on from the one that has read most of it, where that is worth it. */
export async function takeStart(timeline: object, wanted: ArrayLike<number>): Promise<void> {
  const inside = timeline as Inside;
  const take = await inside.program.taking!(); // from here on nothing else runs
  let [best, most]: [Inside | undefined, number] = [undefined, inside.nText + WORTH_TAKING - 1];
  for (const other of othersOf(inside)) {
    const lent = lendable(other, wanted);
    if (lent > most) [best, most] = [other, lent];
  }
  if (best) takeOver(inside, best, (state, n) => take(state, best.program, n), wanted, most);
}

/** How many tokens of `wanted` its states hold, at a place to which they can be cut back. */
function lendable({ written, nText, tokens, states }: Inside, wanted: ArrayLike<number>): number {
  if (!written) return 0;
  const most = Math.min(nText, written.nRead, wanted.length - 1);
  let shared = 0;
  while (shared < most && tokens[shared] === wanted[shared]) shared++;
  return states.every((state) => holds(state, shared, written)) ? shared : 0;
}

/** @param take copies the first so many rows of a state */
function takeOver(
  to: Inside,
  from: Inside,
  take: (state: Value, nRows: number) => void,
  wanted: ArrayLike<number>,
  n: number,
): void {
  for (const state of to.states) for (const value of valuesOf(state)) take(value, rowsNeeded(state, n).end);
  for (let i = to.nText; i < n; i++) to.tokens[i] = wanted[i]!;
  to.nTaken += n - to.nText;
  to.nText = n;
  to.written = { ...from.written!, nRead: n };
}

/**
 * Reads the next piece of `wanted`, or waits while another timeline does, and goes on from there: several texts with the same start, asked
 * for at once, read it once. Undefined where there is more to read.
 */
export async function readBeside<T>(
  timeline: object,
  wanted: ArrayLike<number>,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const inside = timeline as Inside;
  const { nText } = inside;
  const isNext = ({ reading, nText: n }: Inside) => n >= nText && reading && sharesMore(wanted, reading.wanted, nText);
  const next = othersOf(inside).find(isNext)?.reading;
  if (next) inside.letGo(); // or it would wait for this one
  await next?.passed;
  await takeStart(inside, wanted);
  if (inside.nText > nText) return undefined;
  const reading = read();
  const end = (): void => (inside.reading = undefined);
  inside.reading = { wanted, passed: reading.then(end, end) };
  return reading;
}

/** Whether two texts have enough in common behind the first `begin` tokens. */
function sharesMore(a: ArrayLike<number>, b: ArrayLike<number>, begin: number): boolean {
  const end = begin + WORTH_TAKING;
  if (end >= Math.min(a.length, b.length)) return false;
  for (let i = 0; i < end; i++) if (a[i] !== b[i]) return false;
  return true;
}
