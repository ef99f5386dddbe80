/**
 * What this side and assembly/ both have to know: where in a record, a step or a block a number lies, and what some numbers mean. Those of
 * the control block are in control.ts. test/kernels/words.test.ts reads both sides.
 */

/** Words of a record's header, `Record` in assembly/lib/record.ts. */
export const header = {
  kernel: 0,
  nItems: 1,
  nRows: 2,
  chunk: 3,
  barrier: 4,
  nFused: 5,
  recordBytes: 6,
  counter: 7,
  step: 8,
  length: 9,
} as const;

/** Words of `Step` in assembly/lib/record.ts; the token ids follow. */
export const stepWords = { pos: 0, nTokens: 1, nLogits: 2, lost: 3, texts: 4, logitRows: 5, length: 6 } as const;

/** Words of `StepText` in assembly/lib/record.ts. */
export const textWords = { first: 0, nTokens: 1, pos: 2, base: 3, states: 4, length: 5 } as const;

/** Words of `PackRowsRecord` in assembly/pack_rows.ts behind the header. */
export const packWords = {
  pack: 0,
  src: 1,
  dst: 2,
  rowBegin: 3,
  rowEnd: 4,
  rows: 5,
  cols: 6,
  rowBytes: 7,
  blockBytes: 8,
  halves: 9,
  nHalves: 10,
  scaleMask: 11,
  infinity: 12,
  damaged: 13,
  length: 14,
} as const;

/** What `probe_dot` says of a machine that multiplies wrongly: `BROKEN` in assembly/lib/dot_kind.ts. */
export const BROKEN_DOT = 0;

/** All grids, as assembly/lib/grids.ts has them. */
export const GRID_BYTES = 9216;

/** A q8_0 cache, of four positions times 32 columns: bytes of a block, and where its levels begin. Drawn in assembly/lib/kv_levels.ts. */
export const kvBlock = { bytes: 144, levels: 16 } as const;
