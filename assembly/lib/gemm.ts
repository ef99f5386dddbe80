import { Activations } from './activations';
import { MatmulRecord } from './matmul_record';
import { Panel } from './panel';
import { Rows, SUMS_BYTES } from './rows';
import { scratch } from './scratch';
import { Halves, Parts, Whole } from './sub_blocks';
import { TileDots, TILE_BYTES, TILE_ROWS, TILE_TOKENS } from './tile_dots';
import { TileSums } from './tile_sums';

/** Room for the integer sums that wait in the L1 cache: 16 sub-blocks × 6 tokens × 8 rows. */
export const DOTS_BYTES: u32 = 3072;

/**
 * Eight rows × many tokens, in tiles of a few tokens: first the integer sums, then their products with scales and mins. Q is
 * the type of weights, A the kind of activations.
 */
@unmanaged
export class Gemm<Q, A> {
  /** A panel × the first tokens. */
  run(record: MatmulRecord, row: u32, nTokens: u32, panel: usize): void {
    for (let t: u32 = 0; t < nTokens; t += TILE_TOKENS) this.tile(record, row, t, min(nTokens - t, TILE_TOKENS), panel);
  }

  /** One tile. The last token stands in for missing ones, whose results are not stored. */
  private tile(record: MatmulRecord, row: u32, t: u32, nTokens: u32, panel: usize): void {
    const q = changetype<Q>(0);
    const p = changetype<Panel<Q>>(0);
    const a = changetype<Activations<Q, A>>(0);
    const totals = scratch();
    const dots = totals + SUMS_BYTES;
    const xBytes = (record.cols / q.span) * a.bytes;
    let x = record.x + t * xBytes;
    const chunk: u32 = q.span == 32 ? 512 : q.span; // columns that go through a tile at a time
    memory.fill(totals, 0, TILE_BYTES);
    for (let column: u32 = 0; column < record.cols; column += chunk) {
      const nBlocks = min(record.cols - column, chunk) / 32;
      const last = x + (nTokens - 1) * xBytes;
      this.dots(dots, nBlocks * q.subs, panel, x, xBytes, last);
      for (let i: u32 = 0; i < nTokens; i += 2) {
        const x0 = x + i * xBytes;
        const x1 = min(x0 + xBytes, last);
        const at = 32 * i;
        if (q.span == 32) changetype<TileSums<Q, A>>(0).addBlocks(totals + at, dots + at, panel, x0, x1, nBlocks);
        else changetype<TileSums<Q, A>>(0).addSuper(totals + at, dots + at, panel, x0, x1);
      }
      panel += nBlocks * q.subs * p.subBytes + p.endBytes;
      x += (chunk / q.span) * a.bytes;
    }
    Rows.store(record, row, t, nTokens, TILE_ROWS / 4);
  }

  /** The tile's integer sums of `nSubs` sub-blocks. */
  @inline
  private dots(to: usize, nSubs: u32, panel: usize, x: usize, xBytes: usize, last: usize): void {
    const q = changetype<Q>(0);
    const p = changetype<Panel<Q>>(0);
    const a = changetype<Activations<Q, A>>(0);
    const blockBytes = q.span == 32 ? a.bytes : a.bytes32;
    if (q.subs == 2) changetype<TileDots<Halves, A>>(0).run(to, nSubs, panel, p.subBytes, x, xBytes, last, blockBytes);
    else if (q.splits) changetype<TileDots<Parts, A>>(0).run(to, nSubs, panel, p.subBytes, x, xBytes, last, blockBytes);
    else changetype<TileDots<Whole, A>>(0).run(to, nSubs, panel, p.subBytes, x, xBytes, last, blockBytes);
  }
}
