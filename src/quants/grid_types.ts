/** Types whose weights are rows of a grid: apart from more.ts, because the grids are 12 kB. */
import {
  digitBytes,
  iq1,
  iq2_s as grid2_s,
  iq2_xs as grid2_xs,
  iq2_xxs as grid2_xxs,
  iq3_s as grid3_s,
  iq3_xxs as grid3_xxs,
} from './grids.ts';
import { dequantize as iq1_m } from './iq1_m.ts';
import { dequantize as iq1_s } from './iq1_s.ts';
import { dequantize as iq2_s } from './iq2_s.ts';
import { dequantize as iq2_xs } from './iq2_xs.ts';
import { dequantize as iq2_xxs } from './iq2_xxs.ts';
import { dequantize as iq3_s } from './iq3_s.ts';
import { dequantize as iq3_xxs } from './iq3_xxs.ts';

/** How their blocks are decoded, by name. */
export const decoders = { iq1_m, iq1_s, iq2_s, iq2_xs, iq2_xxs, iq3_s, iq3_xxs };

/** All grids, one behind the other: assembly/lib/grids.ts knows where each begins. */
export const digits = (): Uint8Array =>
  Uint8Array.from([grid2_xxs, grid2_xs, grid2_s, grid3_xxs, grid3_s, iq1].flatMap((grid) => [...digitBytes(grid)]));
