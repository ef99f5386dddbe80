import { addCases } from './add.ts';
import { attentionCases } from './attention.ts';
import { embedCases } from './embed.ts';
import { kvStoreCases } from './kv_store.ts';
import { lastRowsCases } from './last_rows.ts';
import { matmulCases } from './matmul.ts';
import { rmsNormCases } from './rms_norm.ts';
import { ropeCases } from './rope.ts';
import { ropeAnglesCases } from './rope_angles.ts';
import { swigluCases } from './swiglu.ts';

const all = [
  addCases,
  attentionCases,
  embedCases,
  kvStoreCases,
  lastRowsCases,
  matmulCases,
  rmsNormCases,
  ropeCases,
  ropeAnglesCases,
  swigluCases,
];

/** Cases of every op. */
export const opCases = all.flatMap(({ odd }) => odd);
export const timedCases = all.flatMap(({ timed }) => timed);
