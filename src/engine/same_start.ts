/** A timeline, as others see it. */
interface Beginning {
  readonly length: number;
  /** What is being read, and when a piece of it has been. */
  readonly reading: { readonly wanted: ArrayLike<number>; readonly passed: Promise<void> } | undefined;
  /** How many tokens of a text it can lend. */
  lendable(wanted: ArrayLike<number>): number;
}

interface Taking<T> extends Beginning {
  readonly others: ReadonlySet<T>;
  takeOver(from: T, wanted: ArrayLike<number>, n: number): void;
}

/** So many tokens at least are taken over from another timeline: fewer are as soon read. */
const WORTH_TAKING = 16;

/** Has a timeline, whose text is a start of `wanted`, go on from the one that has read most of it, where that is worth it. */
export function takeStart<T extends Beginning>(timeline: T & Taking<T>, wanted: ArrayLike<number>): void {
  let [best, most]: [T | undefined, number] = [undefined, timeline.length + WORTH_TAKING - 1];
  for (const other of timeline.others) {
    const lent = other === timeline ? 0 : other.lendable(wanted);
    if (lent > most) [best, most] = [other, lent];
  }
  if (best) timeline.takeOver(best, wanted, most);
}

/**
 * Waits while another timeline reads what this one would read next, and goes on from there: several texts with the same start, asked for
 * at once, read it once. Returns whether there was one.
 */
export async function takeNext<T extends Beginning>(
  timeline: T & Taking<T>,
  wanted: ArrayLike<number>,
): Promise<boolean> {
  const { length } = timeline;
  for (const { reading, length: others } of timeline.others) {
    if (!reading || others < length || !sharesMore(wanted, reading.wanted, length)) continue;
    await reading.passed;
    break;
  }
  takeStart(timeline, wanted);
  return timeline.length > length;
}

/** Whether two texts have enough in common behind the first `begin` tokens. */
function sharesMore(a: ArrayLike<number>, b: ArrayLike<number>, begin: number): boolean {
  const end = begin + WORTH_TAKING;
  if (end >= Math.min(a.length, b.length)) return false;
  for (let i = 0; i < end; i++) if (a[i] !== b[i]) return false;
  return true;
}
