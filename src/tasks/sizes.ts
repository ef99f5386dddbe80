/** What models of a size can take on. */

export type Size = 'tiny' | 'small' | 'large';

interface SizeRow {
  readonly size: Size;
  /** Parameters, at most. */
  readonly nParams: number;
  /** Tokens of a text that such a model reads with care at a time: longer texts go in pieces. */
  readonly pieceTokens: number;
  /** The same where every word of it comes back, translated or corrected. */
  readonly carefulTokens: number;
}

const rows: readonly SizeRow[] = [
  { size: 'tiny', nParams: 5e8, pieceTokens: 400, carefulTokens: 60 },
  { size: 'small', nParams: 3e9, pieceTokens: 1200, carefulTokens: 250 },
  { size: 'large', nParams: Infinity, pieceTokens: 3000, carefulTokens: 800 },
];

/** The row of a model. */
export const sizeOf = (nParams: number): SizeRow => rows.find((row) => nParams <= row.nParams)!;
