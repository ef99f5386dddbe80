import { Record } from './lib/record';
import { Panel } from './lib/panel';
import { scratch } from './lib/scratch';
import { ITEM_ROWS, itemBytes } from './pack';

@unmanaged
export class EmbedRecord extends Record {
  out: usize; // [nRows, cols]
  weights: usize; // packed [nVocab, cols], as a matmul wants them: many models use one table for both
  cols: u32;
}

/** Gathers one row of the token table per token; an item is a token. */
export function embed<Q>(record: EmbedRecord, begin: u32, end: u32): void {
  const q = changetype<Q>(0);
  const p = changetype<Panel<Q>>(0);
  const stride = itemBytes<Q>(record.cols);
  for (let t = begin; t < end; t++) {
    const token = load<u32>(record.step.tokens + 4 * t);
    const row = token & 3;
    let sub = scratch();
    p.unpack(sub, record.weights + (token / ITEM_ROWS) * stride, (token % ITEM_ROWS) >> 2, record.cols);
    let out = record.out + 4 * t * record.cols;
    for (const last = out + 4 * record.cols; out < last; sub += p.endBytes) {
      const unit = sub + p.unitSubs * p.subBytes;
      const d: f32 = q.span == 32 ? 1 : load<f32>(unit + 4 * row);
      const dmin: f32 = q.span > 32 && q.hasMins ? load<f32>(unit + 32 + 4 * row) : 0;
      for (; sub < unit; sub += p.subBytes) {
        const at = sub + 4 * row;
        const scale = d * load<f32>(at + p.scale);
        let min: f32 = 0;
        if (q.hasMins) min = q.span == 32 ? load<f32>(at + p.min) : -dmin * <f32>load<i32>(at + p.min);
        for (let k: u32 = 0; k < 32 / q.subs; k++, out += 4) {
          const weight = <f32>p.level(sub, row, k) * scale;
          store<f32>(out, q.hasMins ? weight + min : weight);
        }
      }
    }
  }
}
