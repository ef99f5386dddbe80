import type { Best } from '../../base/best.ts';
import { BestList } from './best.ts';

/** What came with the step that ran last: its logits, or the best of them. Views are valid until the next step. */
export class Results {
  private floats = new Float32Array(0);
  private nFloats: number | undefined;
  private readonly list = new BestList();
  /** The best logits; undefined where all came, or where the best were too many. */
  best: Best | undefined;

  takeRows(words: Uint32Array): void {
    this.best = undefined;
    this.nFloats = words.length;
    if (this.floats.length < words.length) this.floats = new Float32Array(words.length);
    this.floats.set(new Float32Array(words.buffer, words.byteOffset, words.length));
  }

  takeBest(words: Uint32Array): void {
    this.nFloats = undefined;
    this.best = this.list.take(words) ? this.list : undefined;
  }

  /** So many numbers of the logits; undefined where others came. */
  rows(n: number): Float32Array | undefined {
    return this.nFloats === n ? this.floats.subarray(0, n) : undefined;
  }
}
