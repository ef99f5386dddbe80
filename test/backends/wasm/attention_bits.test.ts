import { expect, test } from 'vitest';
import type { Program } from '../../../src/backends/backend.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { kvTypes, type KvType } from '../../../src/graph/layer_state.ts';
import { attention } from '../../../src/ops/attention.ts';
import { buildCase, encodeRows, type OpCase } from '../../cases/op_case.ts';
import { nodeHost } from './support.ts';

const nTokens = 80;
const cols = 6 * 64;

// 80 tokens that cross two borders of splits, with a window that cuts blocks anywhere
const opCase = (quant: KvType): OpCase => {
  const cache = { role: 'state', cols: 2 * 64, quant } as const;
  return {
    name: 'long',
    op: attention,
    inputs: [{ role: 'activation', cols, size: 4 }, cache, cache],
    params: { headDim: 64, scale: 0.125, window: 301, cap: 0, ahead: 0, alibi: 0 },
    nTokens,
    pos: 460,
    tolerance: 0,
    flops: 0,
  };
};

test.each(kvTypes)(
  'attention gives a token the same bits alone, in small batches and in one large batch: %s',
  async (quant) => {
    const { graph, node, step, operands } = buildCase(opCase(quant));
    const backend = await createWasmBackend({ weights: [], graph, maxSessions: 1, threads: 2, host: nodeHost() });
    const runBatches = async (size: number) => {
      const rows = new Float32Array(nTokens * cols);
      for (let first = 0; first < nTokens; first += size) {
        const n = Math.min(size, nTokens - first);
        // queries of this batch only; the cache always holds all positions, later ones must not be seen
        const data = new Float32Array(nTokens * cols);
        data.set(operands[0]!.floats.subarray(first * cols, (first + n) * cols));
        const q = { ...node.inputs[0]!, data };
        const program: Program = backend.prepare({
          ...graph,
          nodes: [{ ...node, inputs: [q, ...node.inputs.slice(1)] }],
        });
        for (const i of [1, 2]) await program.writeState(node.inputs[i]!, 0, operands[i]!.bytes);
        await program.run({ tokens: new Int32Array(n), pos: step.pos + first, nLogits: 1 });
        rows.set(await program.read(node.out), first * cols);
        program.dispose();
      }
      return rows;
    };
    const together = await runBatches(nTokens);
    for (const size of [1, 3, 4, 5, 37]) expect(await runBatches(size)).toEqual(together);
    await backend.dispose();
  },
);

test.each(kvTypes)(
  'positions behind a token do not change its result, whatever bytes the cache holds there: %s',
  async (quant) => {
    const { graph, node, operands } = buildCase({
      ...opCase(quant),
      nTokens: 1,
      pos: 40,
      params: { headDim: 64, scale: 0.125, window: 0, cap: 0, ahead: 0, alibi: 0 },
    });
    const wide = {
      ...graph,
      nCtx: 64,
      nodes: [{ ...node, inputs: node.inputs.map((v) => (v.role === 'state' ? { ...v, shape: [64, 128] } : v)) }],
    };
    const backend = await createWasmBackend({ weights: [], graph: wide, maxSessions: 1, threads: 1, host: nodeHost() });
    const program = backend.prepare(wide);
    const results: Float32Array[] = [];
    const seen = encodeRows(operands[1]!.floats.subarray(0, 41 * 128), quant);
    // bits of zeros, of infinities or large numbers, and of NaNs
    for (const fill of [0, 0x7c, 0xc2, 0xff]) {
      for (const state of wide.nodes[0]!.inputs.slice(1)) {
        const rows = new Uint8Array((seen.length / 41) * 64).fill(fill);
        rows.set(seen);
        await program.writeState(state, 0, rows);
      }
      await program.run({ tokens: new Int32Array(1), pos: 40, nLogits: 1 });
      results.push(Float32Array.from(await program.read(node.out)));
    }
    for (const result of results) expect(result).toEqual(results[0]);
    await backend.dispose();
  },
);
