import type { Program, ReadTensor } from '../backends/backend.ts';
import type { Graph, StoredRows } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';

/**
 * A program whose graph looks rows up in tables that stay in storage: before each step it reads those of the step's tokens. A table
 * may be larger than all other weights together (Gemma 4's has half of them), and a token needs a few kilobytes of it.
 */
export function withStoredRows(program: Program, { stored = [], maxTokens }: Graph, read: ReadTensor): Program {
  const fills = stored.map((table) => filler(program, table, { maxTokens, read }));
  return {
    inner: program,
    ...(program.sharesResults && { sharesResults: true }),
    ...(program.taking && { taking: () => program.taking!() }),
    async run(step, signal) {
      for (const fill of fills) await fill(step.tokens);
      await program.run(step, signal);
    },
    read: (value) => program.read(value),
    get traffic() {
      return program.traffic;
    },
    ...(program.readBest && { readBest: () => program.readBest!() }),
    readState: (state, begin, end) => program.readState(state, begin, end),
    writeState: (state, begin, rows) => program.writeState(state, begin, rows),
    copyOf: (states) => program.copyOf(states),
    get room() {
      return program.room;
    },
    dispose: () => program.dispose(),
  };
}

function filler(
  program: Program,
  { table, into }: StoredRows,
  { maxTokens, read }: { readonly maxTokens: number; readonly read: ReadTensor },
): (tokens: Int32Array) => Promise<void> {
  const cols = table.shape[1]!;
  const rowBytes = bytesOf({ ...table, shape: [cols] });
  const bytes = new Uint8Array(maxTokens * rowBytes);
  const floats = new Float32Array(maxTokens * cols);
  return async (tokens) => {
    const rows = bytes.subarray(0, tokens.length * rowBytes);
    const readRow = (token: number, t: number) =>
      read(table, token * rowBytes, rows.subarray(t * rowBytes, (t + 1) * rowBytes));
    await Promise.all(Array.from(tokens, readRow));
    const numbers = floats.subarray(0, tokens.length * cols);
    table.quant.dequantize!(rows, numbers);
    await program.writeState(into, 0, new Uint8Array(floats.buffer, 0, numbers.byteLength));
  };
}
