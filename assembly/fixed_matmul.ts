import { EmbedRecord } from './embed';
import { FixedBlock } from './lib/fixed_block';
import { FixedMatVec } from './lib/fixed_mat_vec';
import { FixedTile, TILE_ROWS, TILE_TOKENS } from './lib/fixed_tile';
import { MatmulRecord } from './lib/matmul_record';
import { ITEM_ROWS } from './pack';

/** Matrix products with F16 and BF16 weights as fixed point (lib/fixed_block.ts), alike in both builds. */
export function fixedMatmul(record: MatmulRecord, begin: u32, end: u32): void {
  for (let i = begin; i < end; i++) {
    const item = record.weights + i * fixedItemBytes(record.cols);
    const row = i * ITEM_ROWS;
    if (record.nRows < TILE_TOKENS) {
      for (let t: u32 = 0; t < record.nRows; t++) changetype<FixedMatVec>(0).run(record, row, t, item);
      continue;
    }
    for (let r: u32 = 0; r < min(ITEM_ROWS, record.rows - row); r += TILE_ROWS) {
      const levels = item + (r / TILE_ROWS) * FixedBlock.octet;
      const scales = item + FixedBlock.scales + 2 * r;
      for (let t: u32 = 0; t < record.nRows; t += TILE_TOKENS)
        changetype<FixedTile>(0).run(record, row + r, t, levels, scales);
    }
  }
}

export function fixedItemBytes(cols: u32): u32 {
  return FixedBlock.count(cols) * FixedBlock.bytes;
}

/** Gathers one row of the token table per token: level * scale, exactly. */
export function fixedEmbed(record: EmbedRecord, begin: u32, end: u32): void {
  for (let t = begin; t < end; t++) {
    const token = load<u32>(record.step.tokens + 4 * t);
    const row = token % ITEM_ROWS;
    const within = (row >> 3) * FixedBlock.octet + 4 * (row & 7);
    let block = record.weights + (token / ITEM_ROWS) * fixedItemBytes(record.cols);
    let out = record.out + 4 * t * record.cols;
    for (const last = out + 4 * record.cols; out < last; block += FixedBlock.bytes) {
      const scale = reinterpret<f32>((<u32>load<u16>(block + FixedBlock.scales + 2 * row)) << 16);
      const end = min(out + 128, last);
      for (let k: u32 = 0; out < end; k++, out += 4) {
        const level = load<i16>(block + within + 32 * (k >> 1) + 2 * (k & 1));
        store<f32>(out, <f32>level * scale);
      }
    }
  }
}
