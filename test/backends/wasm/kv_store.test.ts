import { expect, test } from 'vitest';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { kvStore } from '../../../src/ops/kv_store.ts';
import { buildCase, decodeRows, expected } from '../../cases/op_case.ts';
import { nodeHost } from './support.ts';

test.each([NaN, Infinity, -Infinity])(
  'a q8_0 cache tells of %d and keeps it: its block becomes NaN, no other number changes',
  async (bad) => {
    const built = buildCase({
      name: 'bad',
      op: kvStore,
      inputs: [
        { role: 'activation', cols: 96 },
        { role: 'state', cols: 96, quant: 'q8_0' },
      ],
      params: { headDim: 96 },
      nTokens: 3,
      tolerance: 0,
      flops: 0,
    });
    const { graph, node, step, operands } = built;
    operands[0]!.floats[96 + 40] = bad;
    const backend = await createWasmBackend({ weights: [], graph, maxSessions: 1, threads: 1, host: nodeHost() });
    const program = backend.prepare(graph);
    expect(() => program.run(step)).toThrow(/made values that are NaN or beyond .* of type q8_0/);
    const kept = decodeRows(await program.readState(node.out, 0, 3), 'q8_0');
    await backend.dispose();
    expect([kept]).toEqual(expected(built));
    const spoilt = [...kept.keys()].filter((i) => Number.isNaN(kept[i]));
    expect(spoilt).toEqual(Array.from({ length: 32 }, (_, i) => 96 + 32 + i));
  },
);
