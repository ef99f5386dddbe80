/** How the blocks of types that few files hold are decoded, by name. */
import { dequantize as iq4_nl } from './iq4_nl.ts';
import { dequantize as iq4_xs } from './iq4_xs.ts';
import { dequantize as mxfp4 } from './mxfp4.ts';
import { dequantize as nvfp4 } from './nvfp4.ts';
import { dequantize as q1_0 } from './q1_0.ts';
import { dequantize as q2_0 } from './q2_0.ts';
import { dequantize as q2_k } from './q2_k.ts';
import { dequantize as q3_k } from './q3_k.ts';
import { dequantize as q5_0 } from './q5_0.ts';
import { dequantize as q5_1 } from './q5_1.ts';
import { dequantize as q5_k } from './q5_k.ts';
import { dequantize as tq1_0 } from './tq1_0.ts';
import { dequantize as tq2_0 } from './tq2_0.ts';

export const decoders = { iq4_nl, iq4_xs, mxfp4, nvfp4, q1_0, q2_0, q2_k, q3_k, q5_0, q5_1, q5_k, tq1_0, tq2_0 };
