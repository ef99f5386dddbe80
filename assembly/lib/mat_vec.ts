import { blockBytes, ITEM_ROWS, itemBytes, unitBytes } from '../pack';
import { Activations } from './activations';
import { BlockDots } from './block_dots';
import { FEW, FewDots, READY_BYTES } from './few_dots';
import { MatmulRecord } from './matmul_record';
import { Rows } from './rows';
import { scratch } from './scratch';

/** Items times tokens whose sums find room in scratch memory: eight items for eight tokens (16: 5 % slower there, an Intel Xeon; Q4_0). */
export const MAX_SUMS: u32 = 64;

/**
 * Products of a few items of 16 rows with few tokens. Items lie one behind the other. One block of each is multiplied in
 * turn, so that memory is read as several streams: one stream alone keeps too few lines on their way where memory is far (an
 * Intel Xeon, Node 24: Q4_0 from memory 12 GMAC/s with one stream, 18.5 with eight).
 *
 * The order of operations is the same here and in lib/gemm.ts, in both builds, and however rows and tokens are shared out.
 * Integer sums are exact. Types with blocks of 32, for all of them in ascending order:
 *
 *     sum = sum + float(Σ level * activation) * (scale * activationScale)
 *     sum = sum + min * (activationScale * Σ activation)                              types with mins
 *
 * With super-blocks of 256, for all of them, and their sub-blocks:
 *
 *     part = 0, then for every sub-block    part = part + float(scale * Σ level * activation)
 *     sum = sum + part * (d * activationScale)
 *     sum = sum + float(Σ min * -Σ activation) * (dmin * activationScale)             types with mins
 *
 * The bias comes last. No fused multiply-add: its result would depend on the machine. K, `Blocks` or `SuperBlocks`, does
 * this. T says how many tokens share what is unpacked: One, or Four where there are as many.
 */
@unmanaged
export class MatVec<Q, A, K, T> {
  /** `nItems` items from `row` on × `nTokens` tokens from t on. */
  run(record: MatmulRecord, row: u32, nItems: u32, t: u32, nTokens: u32): void {
    const q = changetype<Q>(0);
    const k = changetype<K>(0);
    const n = record.rows;
    const bytes = itemBytes<Q>(record.cols);
    const xBytes = (record.cols / q.span) * changetype<Activations<Q, A>>(0).bytes;
    const nSums = nItems * nTokens;
    const sums = scratch();
    const states = k.stateBytes ? sums + 64 * nSums : sums;
    const stateBytes = k.stateBytes ? k.stateBytes : 64;
    memory.fill(sums, 0, (64 + k.stateBytes) * nSums);
    const end = record.weights + ((n + ITEM_ROWS - 1) / ITEM_ROWS) * bytes;
    let touched: u32 = 0;
    let x = record.x + t * xBytes;
    let unit = record.weights + (row / ITEM_ROWS) * bytes;
    for (const last = unit + bytes; unit < last; unit += unitBytes<Q>()) {
      let block = unit + q.headBytes;
      let b: u32 = 0;
      do {
        if ((block ^ (block + blockBytes<Q>())) & PAGE) touched ^= touch(block, nItems, bytes, end);
        let state = states;
        let y = x;
        if (changetype<T>(0).rows == FEW) {
          y = this.fours(states, block, nItems, bytes, x, record.cols, nTokens, b, n);
          state += ((y - x) / xBytes) * nItems * stateBytes;
        }
        if (changetype<T>(0).rows == 1 || y < x + nTokens * xBytes)
          do {
            let from = block;
            for (const past = from + nItems * bytes; from < past; from += bytes, state += stateBytes) {
              changetype<BlockDots<Q, A, K>>(0).run(state, from, y, b, n);
            }
            y += xBytes;
          } while (y < x + nTokens * xBytes);
        block += blockBytes<Q>();
      } while (++b < q.span / 32);
      if (k.stateBytes) {
        for (let i: u32 = 0; i < nSums; i++) {
          const token = i / nItems;
          const head = unit + (i - token * nItems) * bytes;
          k.end(sums + 64 * i, states + stateBytes * i, head, x + token * xBytes);
        }
      }
      x += changetype<Activations<Q, A>>(0).bytes;
    }
    store<u32>(states + stateBytes * nSums, touched); // or compilers would leave touching out
    Rows.store(record, row, t, nTokens, 4 * nItems);
  }

  /** Block b of items, their levels at `block`, × the first tokens, four at a time; where the activations of the others are. */
  private fours(
    states: usize,
    block: usize,
    nItems: u32,
    bytes: u32,
    x: usize,
    cols: u32,
    nTokens: u32,
    b: u32,
    n: u32,
  ): usize {
    const k = changetype<K>(0);
    const a = changetype<Activations<Q, A>>(0);
    const apart = nItems * (k.stateBytes ? k.stateBytes : 64);
    const xBytes = (cols / changetype<Q>(0).span) * a.bytes;
    let ready = states + apart * nTokens + 16;
    for (; nTokens >= FEW; nTokens -= FEW, x += FEW * xBytes) {
      for (let i: u32 = 0; i < FEW; i++)
        changetype<FewDots<Q, A, K>>(0).ready(ready + READY_BYTES * i, x + i * xBytes, b);
      let from = block;
      for (const past = states + apart; states < past; states += apart / nItems, from += bytes) {
        changetype<FewDots<Q, A, K>>(0).run(states, apart, from, x + a.bytes32 * b, xBytes, ready, n);
      }
      states += (FEW - 1) * apart;
    }
    return x;
  }
}

const PAGE: usize = 4096;

/** So much of each page is touched. */
const HEAD: usize = 512;

/**
 * Loads the first lines of the page that each stream comes to next, all at once: hardware that fetches ahead stops at the end of a page, and
 * streams would wait for their first lines one after the other (the same Xeon, eight streams: Q4_0 17.3 → 18.6 GMAC/s, Q4_K 15.3 → 17.4).
 */
function touch(block: usize, nItems: u32, bytes: usize, end: usize): u32 {
  let touched: u32 = 0;
  let at = block + PAGE;
  for (const past = at + nItems * <u32>bytes; at < past; at += bytes) {
    const page = min(at & ~(PAGE - 1), end - HEAD);
    touched ^= load<u32>(page) ^ load<u32>(page, 64) ^ load<u32>(page, 128) ^ load<u32>(page, 192);
    touched ^= load<u32>(page, 256) ^ load<u32>(page, 320) ^ load<u32>(page, 384) ^ load<u32>(page, 448);
  }
  return touched;
}
