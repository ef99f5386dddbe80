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

/** The bytes of all tokens in one array: token t has `bytes[starts[t]] … bytes[starts[t + 1] - 1]`, none where it is no text. */
export interface TokenTexts {
  readonly nVocab: number;
  readonly bytes: Uint8Array;
  /** `[nVocab + 1]` */
  readonly starts: Int32Array;
  /** `[ceil(nVocab / 32)]` tokens that end an answer. */
  readonly ends: Uint32Array;
}

export function tokenTexts(source: TokenBytes): TokenTexts {
  const { nVocab } = source;
  const starts = new Int32Array(nVocab + 1);
  const ends = new Uint32Array(Math.ceil(nVocab / 32));
  let bytes = new Uint8Array(nVocab * 8);
  let n = 0;
  for (let token = 0; token < nVocab; token++) {
    starts[token] = n;
    if (source.isEnd(token)) ends[token >> 5]! |= 1 << (token & 31);
    else if (!source.isControl(token)) {
      const its = source.bytes(token);
      if (n + its.length > bytes.length) {
        const larger = new Uint8Array(2 * (n + its.length));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(its, n);
      n += its.length;
    }
  }
  starts[nVocab] = n;
  return { nVocab, bytes: bytes.slice(0, n), starts, ends };
}

/** Longer tokens never come under a grammar: the longest real ones are some hundred spaces. */
const MAX_BYTES = 1024;

/** Ranges so short are sorted by comparing. */
const SHORT = 24;

/** Tokens that have a text, in the order of their bytes. */
export function sortedTokens({ nVocab, bytes, starts }: TokenTexts): Int32Array {
  const tokens = new Int32Array(nVocab);
  let n = 0;
  for (let token = 0; token < nVocab; token++) {
    const length = starts[token + 1]! - starts[token]!;
    if (length > 0 && length <= MAX_BYTES) tokens[n++] = token;
  }
  const order = tokens.subarray(0, n);
  const moved = new Int32Array(n);
  const byteOf = (token: number, depth: number): number => {
    const at = starts[token]! + depth;
    return at < starts[token + 1]! ? bytes[at]! + 1 : 0; // what ends here comes first
  };
  const compare = (a: number, b: number, from: number): number => {
    for (let depth = from; ; depth++) {
      const [x, y] = [byteOf(a, depth), byteOf(b, depth)];
      if (x !== y || x === 0) return x - y;
    }
  };
  const sort = (begin: number, end: number, depth: number): void => {
    if (end - begin <= SHORT) {
      for (let i = begin + 1; i < end; i++) {
        const token = order[i]!;
        let j = i;
        for (; j > begin && compare(order[j - 1]!, token, depth) > 0; j--) order[j] = order[j - 1]!;
        order[j] = token;
      }
      return;
    }
    const at = new Int32Array(258); // where each byte's tokens begin
    for (let i = begin; i < end; i++) at[byteOf(order[i]!, depth) + 1]!++;
    for (let byte = 1; byte < 258; byte++) at[byte]! += at[byte - 1]!;
    const bounds = at.slice();
    for (let i = begin; i < end; i++) moved[begin + at[byteOf(order[i]!, depth)]!++] = order[i]!;
    order.set(moved.subarray(begin, end), begin);
    for (let byte = 1; byte < 257; byte++) {
      if (bounds[byte + 1]! - bounds[byte]! > 1) sort(begin + bounds[byte]!, begin + bounds[byte + 1]!, depth + 1);
    }
  };
  sort(0, n, 0);
  return order;
}
