import { add } from './add.ts';
import { attention } from './attention.ts';
import { embed } from './embed.ts';
import { kvStore } from './kv_store.ts';
import { lastRows } from './last_rows.ts';
import { matmul } from './matmul.ts';
import type { Op } from './op.ts';
import { rmsNorm } from './rms_norm.ts';
import { rope } from './rope.ts';
import { swiglu } from './swiglu.ts';

/** Every op by the stem its files carry: `src/ops`, `assembly`, `kernels`, `test/cases`. */
export const ops = {
  add,
  attention,
  embed,
  kv_store: kvStore,
  last_rows: lastRows,
  matmul,
  rms_norm: rmsNorm,
  rope,
  swiglu,
} satisfies Record<string, Op>;

export type OpName = keyof typeof ops;

export type { Op } from './op.ts';
