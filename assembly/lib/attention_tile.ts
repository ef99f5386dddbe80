import { BLOCK } from './attention_record';
import { Softmax } from './softmax';

/** The record of an item under way, at the start of the thread's scratch memory; its arrays follow. */
@unmanaged
export class Tile {
  nRows: u32;
  headBytes: u32;
  headsPerKv: u32;
  /** Position of the first row's token. */
  pos: u32;
  window: u32;
  cap: f32;
  ahead: u32;
  alibi: f32; // 0: none
  firstHead: u32; // of the rows'
  nHeads: u32;
  nSeen: u32; // positions of the text there are, this step's included
  base: u32; // row of the cache where the text's position 0 lies
  states: usize; // bytes to the text's own states, see StepText
  /** Factor of the probabilities, see lib/kv_types.ts. */
  factor: f32;
  /** Keeps loads alive whose only purpose is their side effect. */
  touched: u32;

  // the block under way
  block: u32; // its first position
  begin: u32; // first position seen by any row
  end: u32; // behind the last position seen by any row
  keys: usize; // groups of four positions, groupBytes apart
  groupBytes: u32;
  cached: usize; // values of the position `begin` and on, rowBytes apart; of q8_0 the whole block
  rowBytes: u32;
  nextKeys: usize; // the part of the next block that is not yet touched
  nextValues: usize;
  nextBytes: u32; // of each

  // arrays
  q: usize; // [nRows / 4, headDim, 4], times scale and factor; for q8_0 see lib/attention_levels.ts
  values: usize; // [nRows, headDim]: this split's sums
  totals: usize; // [nRows, headDim]: sums of the splits before
  softmax: usize; // [nRows] of Softmax, for values
  totalSoftmax: usize; // [nRows] of Softmax, for totals
  scores: usize; // [4, BLOCK]: scores, then probabilities
  probs: usize; // [BLOCK, 4]
  wideKeys: usize; // [BLOCK / 4, headDim, 4] f32
  wideValues: usize; // [BLOCK, headDim] f32

  /** Scratch of lib/attention_levels.ts: rows' weights as levels, then [4] scales. */
  @inline
  get words(): usize {
    return this.wideKeys;
  }

  /** [BLOCK] f32, in the place of float types' probabilities. */
  @inline
  get weights(): usize {
    return this.probs;
  }

  /** [BLOCK] f32: the values' scales. */
  @inline
  get scales(): usize {
    return this.probs + 4 * BLOCK;
  }

  /**
   * Touches some lines of the block that comes next, of its keys and of its values: while this one is computed, hardware fetches two
   * streams ahead.
   */
  touchNext(bytes: u32): void {
    const n = min(bytes, this.nextBytes);
    let bits: u32 = 0;
    for (let at: u32 = 0; at < n; at += 64) bits ^= load<u32>(this.nextKeys + at) ^ load<u32>(this.nextValues + at);
    this.touched = bits;
    this.nextKeys += n;
    this.nextValues += n;
    this.nextBytes -= n;
  }

  /** Rows with their padding: tiles of four may reach beyond the last row. */
  @inline
  get maxRows(): u32 {
    return (this.nRows + 3) & ~3;
  }

  @inline
  softmaxOf(row: u32): Softmax {
    return changetype<Softmax>(this.softmax + row * offsetof<Softmax>());
  }

  @inline
  totalSoftmaxOf(row: u32): Softmax {
    return changetype<Softmax>(this.totalSoftmax + row * offsetof<Softmax>());
  }

  /** Position of a row's token. */
  @inline
  posOf(row: u32): u32 {
    return this.pos + min<u32>(row, this.nRows - 1) / this.headsPerKv;
  }

  /** First position that the token at `pos` sees. */
  @inline
  firstSeen(pos: u32): u32 {
    return this.window && pos >= this.window ? pos - this.window + 1 : 0;
  }

  /** Last position that the token at `pos` sees. */
  @inline
  lastSeen(pos: u32): u32 {
    return min(pos + this.ahead, this.nSeen - 1);
  }

  /** Groups of eight positions in the block, up to `end`. */
  @inline
  get nPairs(): u32 {
    return (this.end - this.block + 7) >> 3;
  }
}

/** Bytes of a tile's record and arrays. */
export function tileBytes(nRows: u32, headDim: u32): u32 {
  const rowBytes = 3 * 4 * headDim + 2 * offsetof<Softmax>();
  return TILE_HEADER + nRows * rowBytes + 32 * BLOCK + 8 * BLOCK * headDim;
}

const TILE_HEADER: u32 = 144;

/** Lays the arrays of a tile out, once nRows and headBytes are known. */
export function layOut(tile: Tile): void {
  const sums = tile.maxRows * tile.headBytes;
  tile.q = changetype<usize>(tile) + TILE_HEADER;
  tile.values = tile.q + sums;
  tile.totals = tile.values + sums;
  tile.softmax = tile.totals + sums;
  tile.totalSoftmax = tile.softmax + tile.maxRows * offsetof<Softmax>();
  tile.scores = tile.totalSoftmax + tile.maxRows * offsetof<Softmax>();
  tile.probs = tile.scores + 16 * BLOCK;
  tile.wideKeys = tile.probs + 16 * BLOCK;
  tile.wideValues = tile.wideKeys + BLOCK * tile.headBytes;
}
