import type { OpCase } from './op_case.ts';

const of = (quant: 'f16' | 'f32', nTokens: number, cols: number, pos: number, size = 1): OpCase => ({
  name: `${nTokens} rows of ${cols} from ${pos}, ${quant}, numbers to ±${size}`,
  op: 'kv_store',
  inputs: [
    { role: 'activation', cols, size },
    { role: 'state', cols, quant, size },
  ],
  nTokens,
  pos,
  // f16: numbers below 2^-14 become zero.
  tolerance: quant === 'f16' ? 6.2e-5 : 0,
});

export const kvStoreCases: OpCase[] = (['f16', 'f32'] as const).flatMap((quant) => [
  of(quant, 1, 4, 0),
  of(quant, 1, 192, 5),
  of(quant, 6, 20, 3),
  of(quant, 33, 8, 31, 1000),
]);
