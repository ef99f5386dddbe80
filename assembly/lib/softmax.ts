import { Lanes } from './math';

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
