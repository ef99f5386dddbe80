/**
 * Floats to the blocks of any quant type that can be decoded, byte for byte as ggml makes them. The types that caches are
 * kept in bring their encoders along (`QuantType.quantize`); the others are here, where no page loads them.
 */
import type { QuantType } from '../../quants/quant_type.ts';
import { quantize as bf16 } from './bf16.ts';
import { quantize as iq4_nl } from './iq4_nl.ts';
import { quantize as iq4_xs } from './iq4_xs.ts';
import { quantize as mxfp4 } from './mxfp4.ts';
import { quantize as q1_0 } from './q1_0.ts';
import { quantize as q2_0 } from './q2_0.ts';
import { quantize as q2_k } from './q2_k.ts';
import { quantize as q3_k } from './q3_k.ts';
import { quantize as q4_0 } from './q4_0.ts';
import { quantize as q4_1 } from './q4_1.ts';
import { quantize as q4_k } from './q4_k.ts';
import { quantize as q5_0 } from './q5_0.ts';
import { quantize as q5_1 } from './q5_1.ts';
import { quantize as q5_k } from './q5_k.ts';
import { quantize as q6_k } from './q6_k.ts';
import { quantize as tq1_0 } from './tq1_0.ts';
import { quantize as tq2_0 } from './tq2_0.ts';

/** Encodes whole blocks. With the importance of each column, `[nCols]`, `src` holds whole rows; types that have no use for it ignore it. */
type Encoder = (src: Float32Array, dst: Uint8Array, importance?: Float32Array) => void;

const encoders: ReadonlyMap<string, Encoder> = new Map(
  Object.entries({
    ...{ q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k, bf16 },
    ...{ iq4_nl, iq4_xs, mxfp4, q1_0, q2_0, tq1_0, tq2_0 },
  }),
);

/** Encodes whole blocks: `src` holds n * blockSize floats, `dst` gets n blocks. Undefined for a type known by name only. */
export const encoderOf = ({ name, quantize }: QuantType): Encoder | undefined => quantize ?? encoders.get(name);
