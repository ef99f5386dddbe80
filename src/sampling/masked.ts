import type { Candidates } from './candidates.ts';

/** Keeps the tokens whose bits are set in `mask`, `[nVocab / 32]`, while candidate i is still token i. Their order stays. */
export function keepMasked(c: Candidates, mask: Uint32Array): void {
  const { tokens, logits } = c;
  let kept = 0;
  for (let word = 0; word < mask.length; word++) {
    for (let bits = mask[word]!; bits !== 0; bits &= bits - 1) {
      const token = word * 32 + 31 - Math.clz32(bits & -bits);
      tokens[kept] = token;
      logits[kept++] = logits[token]!;
    }
  }
  c.n = kept;
}
