/** Calls `found` for each place of a text where a piece begins, from the last place to the first, with the longest that begins there. */
export type PieceSearch = (text: string, found: (at: number, piece: number) => void) => void;

/**
 * A search for many pieces at once whose time is linear in the text, however the pieces overlap (Aho & Corasick 1975, "Efficient String
 * Matching"). It reads pieces and text backwards: then the automaton knows at each place the longest piece that begins there.
 *
 * A node is an end of some pieces; node 0 is the empty one. Of two pieces that are alike the first one is found, an empty one never.
 */
export function createPieceSearch(pieces: readonly string[]): PieceSearch {
  const next = new Map<number, number>(); // node * 2^16 + the UTF-16 unit before it → node
  const shorter = [0]; // [nNodes] the longest node that is a proper beginning, as it is read, of this one's end
  const whole = [-1]; // [nNodes] the longest piece that a text which has come to this node begins with; -1: none

  /** From a node to the one for what has been read with one more unit: the longest that there is. */
  function step(node: number, unit: number): number {
    for (let at = node; ; at = shorter[at]!) {
      const longer = next.get(at * 0x10000 + unit);
      if (longer !== undefined) return longer;
      if (at === 0) return 0;
    }
  }

  function grow(node: number, unit: number): number {
    const key = node * 0x10000 + unit;
    const known = next.get(key);
    if (known !== undefined) return known;
    const link = node === 0 ? 0 : step(shorter[node]!, unit);
    next.set(key, shorter.length);
    whole.push(whole[link]!);
    return shorter.push(link) - 1;
  }

  // All pieces grow together, one unit a round: what is shorter than a node is there before it.
  let growing = pieces.map((text, piece) => ({ text, piece, node: 0 })).filter(({ text }) => text !== '');
  for (let nUnits = 1; growing.length > 0; nUnits++) {
    for (const each of growing) {
      const { text, piece } = each;
      const node = (each.node = grow(each.node, text.charCodeAt(text.length - nUnits)));
      if (text.length === nUnits && pieces[whole[node]!]?.length !== nUnits) whole[node] = piece;
    }
    growing = growing.filter(({ text }) => text.length > nUnits);
  }

  return (text, found) => {
    let node = 0;
    for (let at = text.length - 1; at >= 0; at--) {
      node = step(node, text.charCodeAt(at));
      if (whole[node]! >= 0) found(at, whole[node]!);
    }
  };
}
