import { sum } from '../base/numbers.ts';
import { hashPair } from './pair_cache.ts';

/** Calls `found` for each place of a text where a piece begins, from the last place to the first, with the longest that begins there. */
export type PieceSearch = (text: string, found: (at: number, piece: number) => void) => void;

/**
 * A search for many pieces at once whose time is linear in the text, however the pieces overlap (Aho & Corasick 1975, "Efficient String
 * Matching"). It reads pieces and text backwards: then the automaton knows at each place the longest piece that begins there.
 *
 * A node is an end of some pieces; node 0 is the empty one. Of two pieces that are alike the first one is found, an empty one never.
 */
export function createPieceSearch(pieces: readonly string[]): PieceSearch {
  const most = 1 + sum(pieces.map((piece) => piece.length)); // nodes
  const edges = createEdges(most);
  const shorter = new Int32Array(most); // [nNodes] the longest other node that this one begins with
  const whole = new Int32Array(most).fill(-1); // [nNodes] the longest piece that this one begins with; -1: none
  let nNodes = 1;

  /** From a node to the longest one that begins with the unit, and goes on as this node begins. */
  function step(node: number, unit: number): number {
    for (let at = node; ; at = shorter[at]!) {
      const longer = edges.find(at, unit);
      if (longer > 0) return longer;
      if (at === 0) return 0;
    }
  }

  function grow(node: number, unit: number): number {
    const known = edges.find(node, unit);
    if (known > 0) return known;
    shorter[nNodes] = node === 0 ? 0 : step(shorter[node]!, unit);
    whole[nNodes] = whole[shorter[nNodes]!]!;
    edges.add(node, unit, nNodes);
    return nNodes++;
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

/**
 * From a node, and the UTF-16 unit before it, to the node of both together. A flat hash table with open addressing:
 *
 *     slot i: | node | unit | longer node |    0 in the last where the slot is free
 */
function createEdges(nMost: number) {
  const mask = 2 ** Math.ceil(Math.log2(2 * nMost)) - 1;
  const slots = new Int32Array((mask + 1) * 3);

  function slotOf(node: number, unit: number): number {
    let i = hashPair(node, unit) & mask;
    while (slots[i * 3 + 2] !== 0 && (slots[i * 3] !== node || slots[i * 3 + 1] !== unit)) i = (i + 1) & mask;
    return i * 3;
  }

  return {
    find: (node: number, unit: number): number => slots[slotOf(node, unit) + 2]!,
    add(node: number, unit: number, longer: number): void {
      slots.set([node, unit, longer], slotOf(node, unit));
    },
  };
}
