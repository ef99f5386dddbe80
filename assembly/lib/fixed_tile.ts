import { Activations, Words } from './activations';
import { FixedBlock } from './fixed_block';
import { Block32 } from './layout';
import { MatmulRecord } from './matmul_record';
import { Rows } from './rows';
import { scratch } from './scratch';

/** Rows and tokens of a tile: their integer sums, two vectors of levels and a word have to fit in 15 registers. */
export const TILE_ROWS: u32 = 8;
export const TILE_TOKENS: u32 = 4;

/** Many tokens at once; the order of operations is that of lib/fixed_mat_vec.ts. */
@unmanaged
export class FixedTile {
  /**
   * Eight rows × four tokens; of missing tokens the last one takes the place, and nothing is stored. Four pairs of columns are a loop's
   * body, each in an `if` that always holds, as in lib/mat_vec.ts (Node 24, Zen 5: 40.2 → 43.0 GMAC/s).
   */
  run(record: MatmulRecord, row: u32, t: u32, levels: usize, scales: usize): void {
    const a = changetype<Activations<Block32, Words>>(0);
    const nBlocks = FixedBlock.count(record.cols);
    const xBytes = nBlocks * a.bytes;
    const last = record.x + (record.nRows - 1) * xBytes;
    let x0 = record.x + t * xBytes;
    let x1 = min(x0 + xBytes, last);
    let x2 = min(x1 + xBytes, last);
    let x3 = min(x2 + xBytes, last);
    const zero = i32x4.splat(0);
    let a0 = zero; // sums of rows 0 … 3, token by token
    let a1 = zero;
    let a2 = zero;
    let a3 = zero;
    let b0 = zero; // rows 4 … 7
    let b1 = zero;
    let b2 = zero;
    let b3 = zero;
    for (let b: u32 = 0; b < nBlocks; b++) {
      let i0 = zero;
      let i1 = zero;
      let i2 = zero;
      let i3 = zero;
      let j0 = zero;
      let j1 = zero;
      let j2 = zero;
      let j3 = zero;
      for (let at: usize = 0; at < 64; at += 16) {
        if (nBlocks) {
          const l = v128.load(levels + 8 * at, 0);
          const m = v128.load(levels + 8 * at, 16);
          const w0 = v128.load32_splat(x0 + at, 0);
          i0 = FixedBlock.dot(i0, l, w0);
          j0 = FixedBlock.dot(j0, m, w0);
          const w1 = v128.load32_splat(x1 + at, 0);
          i1 = FixedBlock.dot(i1, l, w1);
          j1 = FixedBlock.dot(j1, m, w1);
          const w2 = v128.load32_splat(x2 + at, 0);
          i2 = FixedBlock.dot(i2, l, w2);
          j2 = FixedBlock.dot(j2, m, w2);
          const w3 = v128.load32_splat(x3 + at, 0);
          i3 = FixedBlock.dot(i3, l, w3);
          j3 = FixedBlock.dot(j3, m, w3);
        }
        if (nBlocks) {
          const l = v128.load(levels + 8 * at, 32);
          const m = v128.load(levels + 8 * at, 48);
          const w0 = v128.load32_splat(x0 + at, 4);
          i0 = FixedBlock.dot(i0, l, w0);
          j0 = FixedBlock.dot(j0, m, w0);
          const w1 = v128.load32_splat(x1 + at, 4);
          i1 = FixedBlock.dot(i1, l, w1);
          j1 = FixedBlock.dot(j1, m, w1);
          const w2 = v128.load32_splat(x2 + at, 4);
          i2 = FixedBlock.dot(i2, l, w2);
          j2 = FixedBlock.dot(j2, m, w2);
          const w3 = v128.load32_splat(x3 + at, 4);
          i3 = FixedBlock.dot(i3, l, w3);
          j3 = FixedBlock.dot(j3, m, w3);
        }
        if (nBlocks) {
          const l = v128.load(levels + 8 * at, 64);
          const m = v128.load(levels + 8 * at, 80);
          const w0 = v128.load32_splat(x0 + at, 8);
          i0 = FixedBlock.dot(i0, l, w0);
          j0 = FixedBlock.dot(j0, m, w0);
          const w1 = v128.load32_splat(x1 + at, 8);
          i1 = FixedBlock.dot(i1, l, w1);
          j1 = FixedBlock.dot(j1, m, w1);
          const w2 = v128.load32_splat(x2 + at, 8);
          i2 = FixedBlock.dot(i2, l, w2);
          j2 = FixedBlock.dot(j2, m, w2);
          const w3 = v128.load32_splat(x3 + at, 8);
          i3 = FixedBlock.dot(i3, l, w3);
          j3 = FixedBlock.dot(j3, m, w3);
        }
        if (nBlocks) {
          const l = v128.load(levels + 8 * at, 96);
          const m = v128.load(levels + 8 * at, 112);
          const w0 = v128.load32_splat(x0 + at, 12);
          i0 = FixedBlock.dot(i0, l, w0);
          j0 = FixedBlock.dot(j0, m, w0);
          const w1 = v128.load32_splat(x1 + at, 12);
          i1 = FixedBlock.dot(i1, l, w1);
          j1 = FixedBlock.dot(j1, m, w1);
          const w2 = v128.load32_splat(x2 + at, 12);
          i2 = FixedBlock.dot(i2, l, w2);
          j2 = FixedBlock.dot(j2, m, w2);
          const w3 = v128.load32_splat(x3 + at, 12);
          i3 = FixedBlock.dot(i3, l, w3);
          j3 = FixedBlock.dot(j3, m, w3);
        }
      }
      const l = FixedBlock.scales4(scales);
      const m = FixedBlock.scales4(scales, 8);
      const s0 = v128.load32_splat(x0 + a.scale);
      a0 = FixedBlock.add(a0, i0, f32x4.mul(l, s0));
      b0 = FixedBlock.add(b0, j0, f32x4.mul(m, s0));
      const s1 = v128.load32_splat(x1 + a.scale);
      a1 = FixedBlock.add(a1, i1, f32x4.mul(l, s1));
      b1 = FixedBlock.add(b1, j1, f32x4.mul(m, s1));
      const s2 = v128.load32_splat(x2 + a.scale);
      a2 = FixedBlock.add(a2, i2, f32x4.mul(l, s2));
      b2 = FixedBlock.add(b2, j2, f32x4.mul(m, s2));
      const s3 = v128.load32_splat(x3 + a.scale);
      a3 = FixedBlock.add(a3, i3, f32x4.mul(l, s3));
      b3 = FixedBlock.add(b3, j3, f32x4.mul(m, s3));
      levels += FixedBlock.bytes;
      scales += FixedBlock.bytes;
      x0 += a.bytes;
      x1 += a.bytes;
      x2 += a.bytes;
      x3 += a.bytes;
    }
    const sums = scratch();
    v128.store(sums, a0);
    v128.store(sums, b0, 16);
    v128.store(sums, a1, 32);
    v128.store(sums, b1, 48);
    v128.store(sums, a2, 64);
    v128.store(sums, b2, 80);
    v128.store(sums, a3, 96);
    v128.store(sums, b3, 112);
    Rows.store(record, row, t, min(record.nRows - t, TILE_TOKENS), 2);
  }
}
