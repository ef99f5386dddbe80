import { MatmulRecord } from './matmul_record';
import { scratch } from './scratch';

/** Bytes at the start of scratch memory where kernels leave their sums, [nTokens, 4 * nQuads] f32, before `Rows.store`. */
export const SUMS_BYTES: u32 = 256;

export class Rows {
  /**
   * Stores sums of `nQuads` × four rows from `row` on, for tokens from t on, as a product's result, plus the bias. Only rows
   * that exist are stored.
   */
  static store(record: MatmulRecord, row: u32, t: u32, nTokens: u32, nQuads: u32): void {
    const n: u32 = min(4 * nQuads, record.rows - row);
    const bias = record.bias + 4 * row;
    let sums = scratch();
    for (let i: u32 = 0; i < nTokens; i++) {
      const to = record.outRows ? load<u32>(record.outRows + 4 * (t + i)) : t + i;
      const out = record.out + 4 * (to * record.rows + row);
      let r: u32 = 0;
      for (; r + 4 <= n; r += 4) {
        const sum = v128.load(sums + 4 * r);
        v128.store(out + 4 * r, record.bias ? f32x4.add(sum, v128.load(bias + 4 * r)) : sum);
      }
      for (; r < n; r++) {
        const sum = load<f32>(sums + 4 * r);
        store<f32>(out + 4 * r, record.bias ? sum + load<f32>(bias + 4 * r) : sum);
      }
      sums += 16 * nQuads;
    }
  }
}
