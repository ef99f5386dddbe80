/** Pairs remembered before all are forgotten. Text of one language and kind needs a few thousand. */
const maxPairs = 2 ** 16;
const mask = 2 * maxPairs - 1;

/**
 * `find` with a memory. The spelling of two symbols decides whether they join: a string look-up for all neighbours in a text.
 * When a question comes again, a flat hash table with open addressing answers it:
 *
 *     slot i: | left + 1 | right | answer |    0 where the slot is free
 */
export function cachePairs(find: (left: number, right: number) => number): (left: number, right: number) => number {
  const slots = new Int32Array((mask + 1) * 3);
  let nPairs = 0;
  return (left, right) => {
    let i = hashPair(left, right) & mask;
    while (slots[i * 3] !== 0) {
      if (slots[i * 3] === left + 1 && slots[i * 3 + 1] === right) return slots[i * 3 + 2]!;
      i = (i + 1) & mask;
    }
    if (nPairs === maxPairs) {
      slots.fill(0);
      nPairs = 0;
      i = hashPair(left, right) & mask;
    }
    const answer = find(left, right);
    slots[i * 3] = left + 1;
    slots[i * 3 + 1] = right;
    slots[i * 3 + 2] = answer;
    nPairs++;
    return answer;
  };
}

/** Spreads neighbouring ids: multiply by odd constants (golden ratio, Murmur3's finaliser), fold the high bits down. */
export function hashPair(left: number, right: number): number {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return h ^ (h >>> 15);
}
