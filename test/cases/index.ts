import { addCases } from './add.ts';
import { attentionCases } from './attention.ts';
import { kvStoreCases } from './kv_store.ts';
import { lastRowsCases } from './last_rows.ts';
import type { OpCase } from './op_case.ts';
import { rmsNormCases } from './rms_norm.ts';
import { ropeCases } from './rope.ts';
import { ropeAnglesCases } from './rope_angles.ts';
import { swigluCases } from './swiglu.ts';

/** Cases of every op but the matrix products, whose cases go by quant type. */
export const opCases: OpCase[] = [
  ...addCases,
  ...attentionCases,
  ...kvStoreCases,
  ...lastRowsCases,
  ...rmsNormCases,
  ...ropeCases,
  ...ropeAnglesCases,
  ...swigluCases,
];
