import type { QuantType } from './quant_type.ts';

/** Every live row of `enum ggml_type`, in its order; the ids left out are types ggml has removed. */
export const quants: readonly QuantType[] = [
  { name: 'f32', ggmlType: 0, blockSize: 1, blockBytes: 4 },
  { name: 'f16', ggmlType: 1, blockSize: 1, blockBytes: 2 },
  { name: 'q4_0', ggmlType: 2, blockSize: 32, blockBytes: 18 },
  { name: 'q4_1', ggmlType: 3, blockSize: 32, blockBytes: 20 },
  { name: 'q5_0', ggmlType: 6, blockSize: 32, blockBytes: 22 },
  { name: 'q5_1', ggmlType: 7, blockSize: 32, blockBytes: 24 },
  { name: 'q8_0', ggmlType: 8, blockSize: 32, blockBytes: 34 },
  { name: 'q8_1', ggmlType: 9, blockSize: 32, blockBytes: 36 },
  { name: 'q2_k', ggmlType: 10, blockSize: 256, blockBytes: 84 },
  { name: 'q3_k', ggmlType: 11, blockSize: 256, blockBytes: 110 },
  { name: 'q4_k', ggmlType: 12, blockSize: 256, blockBytes: 144 },
  { name: 'q5_k', ggmlType: 13, blockSize: 256, blockBytes: 176 },
  { name: 'q6_k', ggmlType: 14, blockSize: 256, blockBytes: 210 },
  { name: 'q8_k', ggmlType: 15, blockSize: 256, blockBytes: 292 },
  { name: 'iq2_xxs', ggmlType: 16, blockSize: 256, blockBytes: 66 },
  { name: 'iq2_xs', ggmlType: 17, blockSize: 256, blockBytes: 74 },
  { name: 'iq3_xxs', ggmlType: 18, blockSize: 256, blockBytes: 98 },
  { name: 'iq1_s', ggmlType: 19, blockSize: 256, blockBytes: 50 },
  { name: 'iq4_nl', ggmlType: 20, blockSize: 32, blockBytes: 18 },
  { name: 'iq3_s', ggmlType: 21, blockSize: 256, blockBytes: 110 },
  { name: 'iq2_s', ggmlType: 22, blockSize: 256, blockBytes: 82 },
  { name: 'iq4_xs', ggmlType: 23, blockSize: 256, blockBytes: 136 },
  { name: 'i8', ggmlType: 24, blockSize: 1, blockBytes: 1 },
  { name: 'i16', ggmlType: 25, blockSize: 1, blockBytes: 2 },
  { name: 'i32', ggmlType: 26, blockSize: 1, blockBytes: 4 },
  { name: 'i64', ggmlType: 27, blockSize: 1, blockBytes: 8 },
  { name: 'f64', ggmlType: 28, blockSize: 1, blockBytes: 8 },
  { name: 'iq1_m', ggmlType: 29, blockSize: 256, blockBytes: 56 },
  { name: 'bf16', ggmlType: 30, blockSize: 1, blockBytes: 2 },
  { name: 'tq1_0', ggmlType: 34, blockSize: 256, blockBytes: 54 },
  { name: 'tq2_0', ggmlType: 35, blockSize: 256, blockBytes: 66 },
  { name: 'mxfp4', ggmlType: 39, blockSize: 32, blockBytes: 17 },
  { name: 'nvfp4', ggmlType: 40, blockSize: 64, blockBytes: 36 },
  { name: 'q1_0', ggmlType: 41, blockSize: 128, blockBytes: 18 },
  { name: 'q2_0', ggmlType: 42, blockSize: 64, blockBytes: 18 },
];

export const quantByGgmlType: ReadonlyMap<number, QuantType> = new Map(quants.map((q) => [q.ggmlType, q]));

export const quantByName: ReadonlyMap<string, QuantType> = new Map(quants.map((q) => [q.name, q]));
