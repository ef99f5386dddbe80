import { hadamard } from './hadamard';
import { Lanes } from './math';
import { Record } from './record';
import { Softmax } from './softmax';

/** Positions whose scores are held at once. Blocks begin at multiples of it, whatever the window or the batch. */
export const BLOCK: u32 = 32;
/** So many positions are summed up on their own before they join the others; so threads can share one token's work. */
export const SPLIT: u32 = 256;

/** Query rows of one item: few enough for their sums to stay in the L2 cache. */
export const TILE_ROWS: u32 = 64;
/** Up to this many tokens, splits are items. */
export const SPLIT_TOKENS: u32 = 4;

@unmanaged
export class AttentionRecord extends Record {
  out: usize; // [nTokens, nHeads * headDim]
  q: usize; // [nTokens, nHeads * headDim]
  k: usize; // keys, see lib/kv_types.ts
  v: usize; // values
  sinks: usize; // [nHeads] scores without a value; 0: none
  cols: u32; // nHeads * headDim
  kvDim: u32;
  headDim: u32;
  scale: f32;
  window: u32;
  spread: u32; // columns that the cache holds spread over each other, see lib/hadamard.ts; 0: none
  cap: f32; // bends scores as softcap does; 0: not
  ahead: u32; // positions of the step behind its own that a token sees
  alibi: f32; // 0: none
  nPositions: u32; // rows of the cache, whole blocks; absolute position p lies in row p % nPositions
  parts: usize; // [SPLIT_TOKENS, nHeads, mostSplits] of (Softmax, headDim values)

  @inline
  get headsPerKv(): u32 {
    return this.cols / this.kvDim;
  }

  @inline
  get nKvHeads(): u32 {
    return this.kvDim / this.headDim;
  }

  @inline
  get tileTokens(): u32 {
    return max<u32>(TILE_ROWS / this.headsPerKv, 1);
  }

  @inline
  get isSplit(): bool {
    return this.nRows <= SPLIT_TOKENS && !this.step.texts;
  }

  /** Tiles of a step. None reaches from one text into the next. */
  get nTiles(): u32 {
    if (!this.step.texts) return this.tilesOf(this.nRows);
    let n: u32 = 0;
    for (let row: u32 = 0; row < this.nRows;) {
      const text = this.step.textOf(row);
      n += this.tilesOf(text.nTokens);
      row += text.nTokens;
    }
    return n;
  }

  @inline
  tilesOf(nTokens: u32): u32 {
    return (nTokens + this.tileTokens - 1) / this.tileTokens;
  }

  /** The first token of a tile. */
  tokenOf(tile: u32): u32 {
    if (!this.step.texts) return tile * this.tileTokens;
    let text = this.step.textOf(0);
    for (let n = this.tilesOf(text.nTokens); tile >= n; n = this.tilesOf(text.nTokens)) {
      tile -= n;
      text = this.step.textOf(text.first + text.nTokens);
    }
    return text.first + tile * this.tileTokens;
  }

  /** First position that the token at `pos` sees. */
  @inline
  firstSeen(pos: u32): u32 {
    return this.window && pos >= this.window ? pos - this.window + 1 : 0;
  }

  @inline
  get firstSplit(): u32 {
    return this.firstSeen(this.step.pos) / SPLIT;
  }

  @inline
  get endSplit(): u32 {
    return (this.step.pos + this.nRows - 1) / SPLIT + 1;
  }

  /** Offset of a tile's row in `q` and `out`: of its token, of one of the heads that share a key-value head. */
  @inline
  offsetOf(token: u32, kvHead: u32, row: u32): usize {
    const head = kvHead * this.headsPerKv + (row % this.headsPerKv);
    return (((token + row / this.headsPerKv) * this.cols) << 2) + ((head * this.headDim) << 2);
  }

  /** Writes the mean of all positions: what attention gives for one head. */
  finish(softmax: Softmax, values: usize, out: usize, head: u32): void {
    if (this.sinks) softmax.sum += Lanes.exp1(load<f32>(this.sinks + (head << 2)) - softmax.max);
    softmax.finish(out, values, this.headDim << 2);
    if (this.spread) hadamard(out, this.headDim << 2, this.spread << 2); // the matrix is its own inverse
  }

  @inline
  get partBytes(): u32 {
    return offsetof<Softmax>() + 4 * this.headDim;
  }

  /** Splits that a step of few tokens sees at most; those of a window may begin anywhere. */
  @inline
  get mostSplits(): u32 {
    const seen = min(min(this.window, this.nPositions) + SPLIT_TOKENS - 1, this.nPositions);
    return this.window ? (seen + SPLIT - 2) / SPLIT + 1 : (this.nPositions + SPLIT - 1) / SPLIT;
  }

  @inline
  partOf(token: u32, head: u32, split: u32): usize {
    const row = (token * (this.cols / this.headDim) + head) * this.mostSplits;
    return this.parts + (row + split - this.firstSplit) * this.partBytes;
  }
}
