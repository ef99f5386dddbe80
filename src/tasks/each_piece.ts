/** A text that is done piece by piece: rewritten, translated, corrected. */
import type { Model } from '../api/model.ts';
import { answerOf, counterOf, isCut } from './ask.ts';
import type { TaskOptions, TaskResult } from './options.ts';
import { hasWords, piecesOf, type Piece } from './pieces.ts';

export interface Each {
  readonly instruction: string;
  /** Tokens of a piece, at most. */
  readonly maxTokens: number;
  /** Tokens of an answer for each token of its piece. */
  readonly growth: number;
  readonly isJoined?: boolean;
  /** Lines stay lines. */
  readonly byLine?: boolean;
}

/** Tokens that an answer may have beyond those of its piece. */
const spareTokens = 48;

/** Room for a piece and its answer in a context that has the instruction, too. */
export function roomFor(nCtx: number, nInstruction: number, growth: number): number {
  return Math.max(16, Math.floor((nCtx - nInstruction - 2 * spareTokens) / (1 + growth)));
}

/**
 * The answers to all pieces, with the white space of the text between them. `heard` gets each when it is whole. A piece without words stays as it is,
 * and so does one that the model answers with nothing, which counts as cut.
 */
export async function* eachPiece(
  model: Model,
  text: string,
  { instruction, maxTokens, growth, isJoined = false, byLine = false }: Each,
  { sampling = {}, onProgress }: TaskOptions,
  signal: AbortSignal,
  heard: (piece: Piece, answer: string) => string = (piece, answer) => (answer === '' ? piece.text : answer),
): AsyncGenerator<string, TaskResult> {
  const count = counterOf(model);
  const [nInstruction = 0] = await count([instruction]);
  const pieces = await piecesOf(text, {
    maxTokens: Math.min(maxTokens, roomFor(model.info.nCtx, nInstruction, growth)),
    count,
    byLine,
  });
  const asked = pieces.filter((piece) => hasWords(piece.text)).length;
  let whole = '';
  let nCut = 0;
  let nDone = 0;
  onProgress?.(0, asked);
  for (const piece of pieces) {
    if (piece.before !== '') yield piece.before;
    whole += piece.before;
    if (!hasWords(piece.text)) {
      if (piece.text !== '') yield piece.text;
      whole += heard(piece, piece.text);
      continue;
    }
    const [nTokens = 0] = await count([piece.text]);
    const how = { maxTokens: Math.ceil(nTokens * growth) + spareTokens, sampling, signal, oneLine: byLine };
    const answer = yield* answerOf(model, { instruction, text: piece.text, isJoined }, how);
    whole += heard(piece, answer.text);
    if (answer.text === '') yield piece.text;
    if (isCut(answer.stopReason) || answer.text === '') nCut++;
    onProgress?.(++nDone, asked);
  }
  return { text: whole, nPieces: asked, nCut };
}
