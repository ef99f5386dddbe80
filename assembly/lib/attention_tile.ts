import { Masks } from './constants';
import { Lanes } from './math';

/** Positions whose scores are held at once. Blocks begin at multiples of it, whatever the window or the batch. */
export const BLOCK: u32 = 32;
/** Positions that are summed up on their own before they join the rest, so that threads can share one token's work. */
export const SPLIT: u32 = 256;
/** Below every score; finite, because -infinity minus itself is NaN. */
export const LOWEST: f32 = -1e30;

/** A softmax under way over some positions: their largest score, and sums relative to it. */
@unmanaged
export class Softmax {
  max: f32;
  sum: f32;
  private pad0: f32;
  private pad1: f32;

  @inline
  clear(): void {
    this.max = LOWEST;
    this.sum = 0;
  }

  /** Makes sums relative to a larger score. */
  raise(top: f32, values: usize, bytes: u32): void {
    const scale = Lanes.exp1(this.max - top);
    this.max = top;
    this.sum *= scale;
    const scales = f32x4.splat(scale);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(values + i, f32x4.mul(v128.load(values + i), scales));
  }

  /** Takes in the sums over later positions: `values` and `other` as if both had been one pass. */
  join(values: usize, other: Softmax, otherValues: usize, bytes: u32): void {
    const top = max<f32>(this.max, other.max);
    const mine = Lanes.exp1(this.max - top);
    const others = Lanes.exp1(other.max - top);
    this.max = top;
    this.sum = this.sum * mine + other.sum * others;
    const mines = f32x4.splat(mine);
    const othersLanes = f32x4.splat(others);
    for (let i: usize = 0; i < bytes; i += 16) {
      const scaled = f32x4.mul(v128.load(values + i), mines);
      v128.store(values + i, f32x4.add(scaled, f32x4.mul(v128.load(otherValues + i), othersLanes)));
    }
  }

  /** Writes the weighted mean: what attention gives for one head. */
  finish(out: usize, values: usize, bytes: u32): void {
    const scale = f32x4.splat(<f32>1 / this.sum);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(values + i), scale));
  }
}

/** How many query rows a tile has, as types: each tile function is compiled once per count. */
@unmanaged
export class One {
  @inline
  get rows(): u32 {
    return 1;
  }
}

@unmanaged
export class Two {
  @inline
  get rows(): u32 {
    return 2;
  }
}

@unmanaged
export class Three {
  @inline
  get rows(): u32 {
    return 3;
  }
}

@unmanaged
export class Four {
  @inline
  get rows(): u32 {
    return 4;
  }
}

/**
 * Scores `[R, BLOCK]` of R query rows `[headDim, 4]` against `nPairs` times eight positions. `T` is how keys lie at `k`:
 * groups of four positions, `groupBytes` apart. Two groups times four rows make eight independent sums, enough to hide an
 * addition's four cycles; each sum runs over the columns in order.
 */
export function scoreTile<T, R>(scores: usize, q: usize, headBytes: u32, k: usize, groupBytes: u32, nPairs: u32): void {
  const keys = changetype<T>(0);
  const rows = changetype<R>(0).rows;
  const mask = Masks.half;
  const end = q + 4 * headBytes;
  for (let pair: u32 = 0; pair < nPairs; pair++) {
    let at = k + 2 * pair * groupBytes;
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let c0 = f32x4.splat(0);
    let c1 = f32x4.splat(0);
    let d0 = f32x4.splat(0);
    let d1 = f32x4.splat(0);
    for (let i = q; i < end; i += 16) {
      const low = keys.load4(at, mask);
      const high = keys.load4(at + groupBytes, mask);
      at += 4 * keys.bytes;
      const qa = v128.load32_splat(i);
      a0 = f32x4.add(a0, f32x4.mul(low, qa));
      a1 = f32x4.add(a1, f32x4.mul(high, qa));
      if (rows > 1) {
        const qb = v128.load32_splat(i, 4);
        b0 = f32x4.add(b0, f32x4.mul(low, qb));
        b1 = f32x4.add(b1, f32x4.mul(high, qb));
      }
      if (rows > 2) {
        const qc = v128.load32_splat(i, 8);
        c0 = f32x4.add(c0, f32x4.mul(low, qc));
        c1 = f32x4.add(c1, f32x4.mul(high, qc));
      }
      if (rows > 3) {
        const qd = v128.load32_splat(i, 12);
        d0 = f32x4.add(d0, f32x4.mul(low, qd));
        d1 = f32x4.add(d1, f32x4.mul(high, qd));
      }
    }
    const to = scores + pair * 32;
    storePair(to, a0, a1);
    if (rows > 1) storePair(to + 4 * BLOCK, b0, b1);
    if (rows > 2) storePair(to + 8 * BLOCK, c0, c1);
    if (rows > 3) storePair(to + 12 * BLOCK, d0, d1);
  }
}

/** Probabilities by row `[4, BLOCK]` → by position `[BLOCK, 4]`, so that a position's four lie at offsets known to the compiler. */
export function transpose(probs: usize, rows: usize): void {
  for (let i: usize = 0; i < 4 * BLOCK; i += 16) {
    const a = v128.load(rows + i);
    const b = v128.load(rows + i, 4 * BLOCK);
    const c = v128.load(rows + i, 8 * BLOCK);
    const d = v128.load(rows + i, 12 * BLOCK);
    const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5); // a0 b0 a1 b1
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    storePair(probs + 4 * i, v128.shuffle<f64>(ab0, cd0, 0, 2), v128.shuffle<f64>(ab0, cd0, 1, 3));
    storePair(probs + 4 * i + 32, v128.shuffle<f64>(ab2, cd2, 0, 2), v128.shuffle<f64>(ab2, cd2, 1, 3));
  }
}

/**
 * Adds to R rows of values `[R, headDim]` the cached values of `n` positions, times the rows' probabilities `[n, 4]`. `T` is
 * how values lie at `v`: rows `rowBytes` apart. Eight columns at a time, each sum over the positions in order.
 */
export function mixTile<T, R>(values: usize, headBytes: u32, probs: usize, v: usize, rowBytes: u32, n: u32): void {
  const type = changetype<T>(0);
  const rows = changetype<R>(0).rows;
  const mask = Masks.half;
  let column: u32 = 0;
  for (; column + 32 <= headBytes; column += 32) {
    const a = values + column;
    const b = a + headBytes;
    const c = b + headBytes;
    const d = c + headBytes;
    let a0 = v128.load(a);
    let a1 = v128.load(a, 16);
    let b0 = rows > 1 ? v128.load(b) : a0;
    let b1 = rows > 1 ? v128.load(b, 16) : a1;
    let c0 = rows > 2 ? v128.load(c) : a0;
    let c1 = rows > 2 ? v128.load(c, 16) : a1;
    let d0 = rows > 3 ? v128.load(d) : a0;
    let d1 = rows > 3 ? v128.load(d, 16) : a1;
    let at = v + (column >> 2) * type.bytes;
    let p = probs;
    for (let i = n; i > 0; i--) {
      const low = type.load4(at, mask);
      const high = type.load4(at + 4 * type.bytes, mask);
      at += rowBytes;
      const pa = v128.load32_splat(p);
      a0 = f32x4.add(a0, f32x4.mul(low, pa));
      a1 = f32x4.add(a1, f32x4.mul(high, pa));
      if (rows > 1) {
        const pb = v128.load32_splat(p, 4);
        b0 = f32x4.add(b0, f32x4.mul(low, pb));
        b1 = f32x4.add(b1, f32x4.mul(high, pb));
      }
      if (rows > 2) {
        const pc = v128.load32_splat(p, 8);
        c0 = f32x4.add(c0, f32x4.mul(low, pc));
        c1 = f32x4.add(c1, f32x4.mul(high, pc));
      }
      if (rows > 3) {
        const pd = v128.load32_splat(p, 12);
        d0 = f32x4.add(d0, f32x4.mul(low, pd));
        d1 = f32x4.add(d1, f32x4.mul(high, pd));
      }
      p += 16;
    }
    storePair(a, a0, a1);
    if (rows > 1) storePair(b, b0, b1);
    if (rows > 2) storePair(c, c0, c1);
    if (rows > 3) storePair(d, d0, d1);
  }
  if (column < headBytes) {
    mixLastColumns<T>(rows, values + column, headBytes, probs, v + (column >> 2) * type.bytes, rowBytes, n);
  }
}

/** The last four columns, where headDim is no multiple of eight. */
function mixLastColumns<T>(
  nRows: u32,
  values: usize,
  headBytes: u32,
  probs: usize,
  v: usize,
  rowBytes: u32,
  n: u32,
): void {
  const mask = Masks.half;
  for (let row: u32 = 0; row < nRows; row++) {
    const to = values + row * headBytes;
    let sum = v128.load(to);
    for (let i: u32 = 0; i < n; i++) {
      const p = v128.load32_splat(probs + 16 * i + 4 * row);
      sum = f32x4.add(sum, f32x4.mul(changetype<T>(0).load4(v + i * rowBytes, mask), p));
    }
    v128.store(to, sum);
  }
}

export function storePair(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}
