import type { ReadTensor } from '../../src/backends/backend.ts';
import { weight } from '../../src/graph/graph.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { lookup, lookupGraph, type Cases, type MatmulOptions } from './matmul_cases.ts';
import { blockPool, fillFrom } from './random_blocks.ts';

/** A weight of the bench, as in matmul_cases.ts, and how many of them are packed in one run. */
const SHAPE = [2048, 2048] as const;
const N_WEIGHTS = 16;

/**
 * Loading without a file: all weights go from the staging areas into place, which has been written before. A first load costs
 * the system's zeroed pages on top.
 */
export async function packCase(quant: QuantType, { home }: MatmulOptions): Promise<Cases> {
  const weights = Array.from({ length: N_WEIGHTS }, (_, i) => weight({ name: `w.${i}`, quant, shape: SHAPE }));
  const nElements = SHAPE[0] * SHAPE[1];
  const weightBytes = (nElements / quant.blockSize) * quant.blockBytes;
  const table = lookupGraph(weights[0]!);
  const { backend } = await home.open({ weights, graph: table });
  const pool = blockPool(quant, SHAPE[1] ** -0.5);
  const fill: ReadTensor = async (_, offsetBytes, into) => fillFrom(pool, offsetBytes, into);
  const file = new Uint8Array(weightBytes);
  fillFrom(pool, 0, file);
  const floats = new Float32Array(nElements);
  quant.dequantize!(file, floats);
  return {
    cases: [
      {
        op: `pack ${quant.name}`,
        name: 'load',
        async check() {
          await backend.upload(weights, { read: fill });
          const program = backend.prepare(table); // lies where the staging areas were
          const result = await lookup(quant, program, table, floats).check();
          program.dispose();
          await backend.upload(weights, { read: fill }); // so that runs find blocks there again, not what the program computed
          return result;
        },
        run: () => backend.upload(weights, { read: async () => {} }),
        bytes: N_WEIGHTS * weightBytes,
        macs: 0,
        limits: { bytes: 'read', macs: 'f32' },
      },
    ],
    close: async () => void (await backend.dispose()),
  };
}
