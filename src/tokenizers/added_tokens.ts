import type { Vocab } from '../base/vocab.ts';
import { createPieceSearch } from './piece_search.ts';
import { tokenType, type Roles } from './roles.ts';

/** Which added tokens a text may contain. */
export interface Recognised {
  /** Control and unknown tokens. */
  readonly special: boolean;
  readonly userDefined: boolean;
}

/** Cuts a text at its added tokens; `text` and `token` are called in order. Pieces of text are never empty. */
export type AddedTokenSplit = (text: string, to: { text(part: string): void; token(token: number): void }) => void;

/** Finds added tokens from left to right, the longest at each place, in linear time. */
export function createAddedTokenSplit(
  vocab: Vocab,
  { types, added }: Roles,
  { special, userDefined }: Recognised,
): AddedTokenSplit {
  const wanted = added.filter((token) => (types[token] === tokenType.userDefined ? userDefined : special));
  const pieces = wanted.map((token) => vocab.tokens.at(token)!);
  const search = createPieceSearch(pieces);
  const { eatsBefore, eatsAfter } = spaceRules(vocab);
  return (text, to) => {
    const places: number[] = []; // where an added token begins, and which one, from the last to the first
    search(text, (at, piece) => places.push(at, piece));
    let end = 0; // of the text handed on
    for (let i = places.length - 2; i >= 0; i -= 2) {
      const [at, piece] = [places[i]!, places[i + 1]!];
      if (at < end) continue;
      let before = at;
      if (eatsBefore(pieces[piece]!)) while (before > end && asciiSpace.has(text.charCodeAt(before - 1))) before--;
      if (before > end) to.text(text.slice(end, before));
      to.token(wanted[piece]!);
      end = at + pieces[piece]!.length;
      if (eatsAfter(pieces[piece]!)) while (end < text.length && asciiSpace.has(text.charCodeAt(end))) end++;
    }
    if (end < text.length) to.text(text.slice(end));
  };
}

const asciiSpace = new Set([...' \t\n\v\f\r'].map((c) => c.charCodeAt(0)));

/** Phi-3's added tokens swallow the white space after them, all but these. Its files tell so by name only. */
const phi3KeepsSpace = ['<unk>', '<s>', '<|endoftext|>'];

/** Tokens for a word to guess swallow the white space before them, in these models. */
const maskRules: readonly { readonly mask: string; readonly isFor: (vocab: Vocab) => boolean }[] = [
  { mask: '<mask>', isFor: ({ pre = '' }) => /jina-v2-(de|es|code)/.test(pre) },
  { mask: '<mask>', isFor: ({ architecture = '' }) => /nomic-bert-moe|jina-bert-v3/.test(architecture) },
  { mask: '[MASK]', isFor: ({ modelName = '' }) => /modern-bert/i.test(modelName) },
];

/** Which added tokens swallow the white space beside them. */
function spaceRules(vocab: Vocab): Record<'eatsBefore' | 'eatsAfter', (piece: string) => boolean> {
  const mask = maskRules.find(({ isFor }) => isFor(vocab))?.mask;
  const isPhi3 = mask === undefined && /phi-?3/i.test(vocab.modelName ?? '');
  return {
    eatsBefore: (piece) => piece === mask,
    eatsAfter: (piece) => isPhi3 && !phi3KeepsSpace.includes(piece),
  };
}
