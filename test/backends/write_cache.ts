import type { Program } from '../../src/backends/backend.ts';
import type { Value } from '../../src/graph/graph.ts';

/** Fills a state with rows in the file layout of its type; a ring then holds the positions before `pos`. */
export async function writeCache(program: Program, state: Value, rows: Uint8Array, pos: number): Promise<void> {
  const nPositions = state.shape[0]!;
  const begin = Math.max(0, pos - nPositions);
  const cut = (begin % nPositions) * (rows.length / nPositions);
  await program.writeState(state, begin, rows.subarray(cut));
  if (cut > 0) await program.writeState(state, begin + nPositions - (begin % nPositions), rows.subarray(0, cut));
}
