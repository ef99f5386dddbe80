import { bf16 } from './bf16.ts';
import { f16 } from './f16.ts';
import { f32 } from './f32.ts';
import { q4_0 } from './q4_0.ts';
import { q4_1 } from './q4_1.ts';
import { q4_k } from './q4_k.ts';
import { q6_k } from './q6_k.ts';
import { q8_0 } from './q8_0.ts';
import type { QuantType } from './quant_type.ts';
import { gridded, rare } from './rare.ts';

/** Every live row of `enum ggml_type`, in its order; the ids left out are types ggml has removed. Rows written out are known by name and size only. */
export const quants: readonly QuantType[] = [
  f32,
  f16,
  q4_0,
  q4_1,
  rare({ name: 'q5_0', ggmlType: 6, blockSize: 32, blockBytes: 22, halves: [0] }),
  rare({ name: 'q5_1', ggmlType: 7, blockSize: 32, blockBytes: 24, halves: [0, 2] }),
  q8_0,
  { name: 'q8_1', ggmlType: 9, blockSize: 32, blockBytes: 36 },
  rare({ name: 'q2_k', ggmlType: 10, blockSize: 256, blockBytes: 84, halves: [80, 82] }),
  rare({ name: 'q3_k', ggmlType: 11, blockSize: 256, blockBytes: 110, halves: [108] }),
  q4_k,
  rare({ name: 'q5_k', ggmlType: 13, blockSize: 256, blockBytes: 176, halves: [0, 2] }),
  q6_k,
  { name: 'q8_k', ggmlType: 15, blockSize: 256, blockBytes: 292 },
  gridded({ name: 'iq2_xxs', ggmlType: 16, blockSize: 256, blockBytes: 66, halves: [0] }),
  gridded({ name: 'iq2_xs', ggmlType: 17, blockSize: 256, blockBytes: 74, halves: [0] }),
  gridded({ name: 'iq3_xxs', ggmlType: 18, blockSize: 256, blockBytes: 98, halves: [0] }),
  gridded({ name: 'iq1_s', ggmlType: 19, blockSize: 256, blockBytes: 50, halves: [0] }),
  rare({ name: 'iq4_nl', ggmlType: 20, blockSize: 32, blockBytes: 18, halves: [0] }),
  gridded({ name: 'iq3_s', ggmlType: 21, blockSize: 256, blockBytes: 110, halves: [0] }),
  gridded({ name: 'iq2_s', ggmlType: 22, blockSize: 256, blockBytes: 82, halves: [0] }),
  rare({ name: 'iq4_xs', ggmlType: 23, blockSize: 256, blockBytes: 136, halves: [0] }),
  { name: 'i8', ggmlType: 24, blockSize: 1, blockBytes: 1 },
  { name: 'i16', ggmlType: 25, blockSize: 1, blockBytes: 2 },
  { name: 'i32', ggmlType: 26, blockSize: 1, blockBytes: 4 },
  { name: 'i64', ggmlType: 27, blockSize: 1, blockBytes: 8 },
  { name: 'f64', ggmlType: 28, blockSize: 1, blockBytes: 8 },
  gridded({
    ...{ name: 'iq1_m', ggmlType: 29, blockSize: 256, blockBytes: 56 },
    ...{ halves: [52], scaleMask: 0x7000c000, infinity: 0x7000c000 },
  }),
  bf16,
  rare({ name: 'tq1_0', ggmlType: 34, blockSize: 256, blockBytes: 54, halves: [52] }),
  rare({ name: 'tq2_0', ggmlType: 35, blockSize: 256, blockBytes: 66, halves: [64] }),
  rare({ name: 'mxfp4', ggmlType: 39, blockSize: 32, blockBytes: 17, halves: [0], scaleMask: 0xff, infinity: 253 }),
  rare({ name: 'nvfp4', ggmlType: 40, blockSize: 64, blockBytes: 36, hasSubs: true }),
  rare({ name: 'q1_0', ggmlType: 41, blockSize: 128, blockBytes: 18, halves: [0] }),
  rare({ name: 'q2_0', ggmlType: 42, blockSize: 64, blockBytes: 18, halves: [0] }),
];

export const quantByGgmlType: ReadonlyMap<number, QuantType> = new Map(quants.map((q) => [q.ggmlType, q]));

export const quantByName: ReadonlyMap<string, QuantType> = new Map(quants.map((q) => [q.name, q]));
