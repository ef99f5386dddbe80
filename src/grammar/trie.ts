import type { TokenTexts } from './token_texts.ts';

/**
 * The texts of tokens as a trie, in flat arrays: nodes in depth-first order, so a walk is a loop over rising indices, and
 * leaving a subtree out is a jump to `skip`. Node 0 is the root.
 */
export interface Trie {
  /** `[nNodes]` the byte that leads to a node. */
  readonly byteAt: Uint8Array;
  /** `[nNodes]` how many bytes lead to a node. */
  readonly depthAt: Uint16Array;
  /** `[nNodes]` the first node behind the subtree of a node. */
  readonly skip: Int32Array;
  /** `[nNodes + 1]` where the tokens that end at a node begin in `tokens`. */
  readonly tokensAt: Int32Array;
  readonly tokens: Int32Array;
  readonly maxDepth: number;
}

/** The trie of tokens that are in the order of their bytes. */
export function trieOf({ bytes, starts }: TokenTexts, tokens: Int32Array): Trie {
  const shared = sharedDepths(bytes, starts, tokens);
  let nNodes = 1;
  let maxDepth = 0;
  tokens.forEach((token, i) => {
    const length = starts[token + 1]! - starts[token]!;
    nNodes += length - shared[i]!;
    maxDepth = Math.max(maxDepth, length);
  });
  const byteAt = new Uint8Array(nNodes);
  const depthAt = new Uint16Array(nNodes);
  const skip = new Int32Array(nNodes).fill(nNodes);
  const tokensAt = new Int32Array(nNodes + 1);
  const open = new Int32Array(maxDepth + 1); // the latest node of each depth
  let node = 0;
  let openDepth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const begin = starts[tokens[i]!]!;
    const length = starts[tokens[i]! + 1]! - begin;
    for (let depth = shared[i]! + 1; depth <= length; depth++) {
      node++;
      for (; openDepth >= depth; openDepth--) skip[open[openDepth]!] = node;
      openDepth = depth;
      open[depth] = node;
      byteAt[node] = bytes[begin + depth - 1]!;
      depthAt[node] = depth;
      tokensAt[node] = i;
    }
  }
  tokensAt[nNodes] = tokens.length;
  return { byteAt, depthAt, skip, tokensAt, tokens, maxDepth };
}

/** How many bytes each token has in common with the one before. */
function sharedDepths(bytes: Uint8Array, starts: Int32Array, tokens: Int32Array): Int32Array {
  return tokens.map((token, i) => {
    if (i === 0) return 0;
    const before = tokens[i - 1]!;
    const most = Math.min(starts[token + 1]! - starts[token]!, starts[before + 1]! - starts[before]!);
    let n = 0;
    while (n < most && bytes[starts[token]! + n] === bytes[starts[before]! + n]) n++;
    return n;
  });
}
