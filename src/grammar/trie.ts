/** What a grammar has to know of a tokenizer. */
export interface TokenBytes {
  readonly nVocab: number;
  /** The bytes that a token adds to a text. */
  bytes(token: number): Uint8Array;
  /** A token that no text makes, such as `<tool_call>`: it comes where a grammar names it, and nowhere else. */
  isControl(token: number): boolean;
  /** A token that ends an answer. */
  isEnd(token: number): boolean;
}

/**
 * The texts of all tokens as a trie, in flat arrays: nodes in depth-first order, so a walk is a loop over rising indices, and
 * leaving a subtree out is a jump to `skip`. Node 0 is the root.
 */
export class Trie {
  readonly nVocab: number;
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
  /** `[ceil(nVocab / 32)]` tokens that end an answer. */
  readonly ends: Uint32Array;

  constructor(source: TokenBytes) {
    this.nVocab = source.nVocab;
    this.ends = new Uint32Array(Math.ceil(source.nVocab / 32));
    const growing = new GrowingTrie();
    for (let token = 0; token < source.nVocab; token++) {
      if (source.isEnd(token)) this.ends[token >> 5]! |= 1 << (token & 31);
      else if (!source.isControl(token)) growing.add(token, source.bytes(token));
    }
    const flat = growing.flat();
    this.byteAt = flat.byteAt;
    this.depthAt = flat.depthAt;
    this.skip = flat.skip;
    this.tokensAt = flat.tokensAt;
    this.tokens = flat.tokens;
    this.maxDepth = flat.maxDepth;
  }
}

/** A trie of linked nodes, while tokens are added. */
class GrowingTrie {
  readonly #byte: number[] = [0];
  readonly #firstChild: number[] = [-1];
  readonly #sibling: number[] = [-1];
  readonly #firstToken: number[] = [-1];
  readonly #nextToken: number[] = []; // by token: the next one with the same bytes
  readonly #children = new Map<number, number>();
  #nTokens = 0;
  #maxDepth = 0;

  add(token: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return; // a token without a text would never end
    let node = 0;
    for (const byte of bytes) node = this.#child(node, byte);
    this.#nextToken[token] = this.#firstToken[node]!;
    this.#firstToken[node] = token;
    this.#nTokens++;
    this.#maxDepth = Math.max(this.#maxDepth, bytes.length);
  }

  #child(node: number, byte: number): number {
    const key = node * 256 + byte;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const child = this.#byte.length;
    this.#byte.push(byte);
    this.#firstChild.push(-1);
    this.#firstToken.push(-1);
    this.#sibling.push(this.#firstChild[node]!);
    this.#firstChild[node] = child;
    this.#children.set(key, child);
    return child;
  }

  flat() {
    const nNodes = this.#byte.length;
    const byteAt = new Uint8Array(nNodes);
    const depthAt = new Uint16Array(nNodes);
    const skip = new Int32Array(nNodes).fill(nNodes);
    const tokensAt = new Int32Array(nNodes + 1);
    const tokens = new Int32Array(this.#nTokens);
    const open = new Int32Array(this.#maxDepth + 2); // the latest node of each depth
    const stack = [0];
    const depths = [0];
    let [at, nTokens, depth] = [0, 0, 0];
    for (; stack.length > 0; at++) {
      const node = stack.pop()!;
      const nodeDepth = depths.pop()!;
      for (; at > 0 && depth >= nodeDepth; depth--) skip[open[depth]!] = at;
      depth = nodeDepth;
      open[depth] = at;
      byteAt[at] = this.#byte[node]!;
      depthAt[at] = depth;
      tokensAt[at] = nTokens;
      for (let token = this.#firstToken[node]!; token >= 0; token = this.#nextToken[token]!) tokens[nTokens++] = token;
      for (let child = this.#firstChild[node]!; child >= 0; child = this.#sibling[child]!) {
        stack.push(child);
        depths.push(depth + 1);
      }
    }
    tokensAt[nNodes] = nTokens;
    return { byteAt, depthAt, skip, tokensAt, tokens, maxDepth: this.#maxDepth };
  }
}
