import { textsOf, type Step } from '../../graph/graph.ts';

/** Words of a row, in the order of kernels/lib/step.wgsl. */
const ROW_WORDS = 8;
const HEAD_WORDS = 4;

/** Bytes of a step of so many tokens, as kernels/lib/step.wgsl has it. */
export const stepBytes = (maxTokens: number): number => 4 * (HEAD_WORDS + ROW_WORDS * maxTokens);

/** Writes a step as kernels read it. @returns how many words of `into` it takes */
export function writeStep(step: Step, into: Uint32Array): number {
  const { tokens, nLogits } = step;
  const texts = textsOf(step);
  into[0] = tokens.length;
  into[1] = nLogits;
  for (const { first, nTokens, pos, base } of texts) {
    for (let row = first; row < first + nTokens; row++) {
      const at = HEAD_WORDS + ROW_WORDS * row;
      into[at] = tokens[row]!;
      into[at + 1] = pos + row - first;
      into[at + 2] = base;
      into[at + 3] = first;
      into[at + 4] = first + nTokens;
    }
  }
  for (const [i, { first, nTokens }] of texts.entries()) {
    into[HEAD_WORDS + ROW_WORDS * i + 5] = first;
    into[HEAD_WORDS + ROW_WORDS * i + 6] = first + nTokens;
  }
  return HEAD_WORDS + ROW_WORDS * tokens.length;
}
