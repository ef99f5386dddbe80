import { kvTypes, type KvType } from '../../src/graph/layer_state.ts';
import { kvStore } from '../../src/ops/kv_store.ts';
import { quantByName } from '../../src/quants/index.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (quant: KvType, nTokens: number, cols: number, pos: number, size = 1, rows?: number): OpCase => ({
  name: `${nTokens} rows of ${cols} from ${pos}, ${quant}, numbers to ±${size}${rows ? `, in a ring of ${rows}` : ''}`,
  op: kvStore,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'state', rows, cols, quant, size },
  ],
  params: { headDim: cols },
  nTokens,
  pos,
  // f16: numbers below 2^-14 become zero.
  tolerance: quant === 'f16' ? 6.2e-5 : 0,
  flops: 0,
});

const byType = kvTypes.flatMap((quant) =>
  [
    of(quant, 1, 4, 0),
    of(quant, 1, 192, 5),
    of(quant, 6, 20, 3),
    of(quant, 33, 8, 31, 1000),
    of(quant, 2, 64, 31, 1000),
    of(quant, 7, 64, 90, 1, 32),
    of(quant, 32, 20, 1001, 1, 64),
  ].filter(({ inputs }) => inputs[0]!.cols % quantByName.get(quant)!.blockSize === 0),
);

const smallScales = of('q8_0', 7, 96, 2, 1e-4); // below 2^-14, where halves are coarser

export const kvStoreCases: OpCases = {
  odd: [...byType, smallScales],
  timed: [1, 128].flatMap((n) =>
    (['f16', 'q8_0'] as const).map((quant) => ({
      ...of(quant, n, sizes.kvDim, 0),
      params: { headDim: sizes.headDim },
      name: `${timedName(n)}, ${quant}`,
      copies: 16,
    })),
  ),
};
