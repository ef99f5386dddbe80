/** How the blocks of types with grids are decoded, by name: apart from more.ts, because the grids are 12 kB. */
import { dequantize as iq1_m } from './iq1_m.ts';
import { dequantize as iq1_s } from './iq1_s.ts';
import { dequantize as iq2_s } from './iq2_s.ts';
import { dequantize as iq2_xs } from './iq2_xs.ts';
import { dequantize as iq2_xxs } from './iq2_xxs.ts';
import { dequantize as iq3_s } from './iq3_s.ts';
import { dequantize as iq3_xxs } from './iq3_xxs.ts';

export const decoders = { iq1_m, iq1_s, iq2_s, iq2_xs, iq2_xxs, iq3_s, iq3_xxs };
