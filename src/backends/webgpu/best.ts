import type { Best } from '../../base/best.ts';
import type { Graph, Step } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import type { Call, Grid, Slot } from './calls.ts';

/**
 * The best logits of a row, found on the device: some numbers are read back, not a vocabulary.
 *
 *     logits   ████████████████████████████████████████    [nVocab]
 *     parts    ▌ best of each, of columns p, p + PARTS …   [PARTS]
 *     floor    the best of PARTS / GROUPS parts each, of these the nBest-th: nBest logits at least are not below it
 *     list     all logits that are not below the floor: a few more than nBest, in no order
 */

const PARTS = 2048;
const GROUPS = 256;
const THREADS = 64;

/** More than so many are not looked for: of GROUPS groups, the last ones in order are no longer near the best. */
const MOST = 192;

/** Entries that a list has room for. Where the best all lie in few parts, there are more than these, and the row is read whole. */
const ROOM = 1024;

/** Words of a list before its entries, as kernels/lib/list.wgsl has them. */
const HEAD_WORDS = 4;
const ENTRY_WORDS = 2;

/** Where a list has its first token, in bytes. */
export const BEST_TOKEN_AT = 4 * HEAD_WORDS;

/** The calls that find the best of a graph's logits. */
export interface BestCalls {
  readonly one: readonly Call[];
  readonly several: readonly Call[];
  /** Buffers of theirs. */
  readonly parts: Slot;
  readonly list: Slot;
}

/** @param logits the slot `[1, nVocab]` */
export function bestCalls({ nodes, logits: { shape } }: Graph, logits: Slot): BestCalls {
  const slot = (name: string, bytes: number): Slot => ({ name, role: 'activation', bytes });
  const parts = slot('best of parts', 8 * PARTS);
  const list = slot('best logits', 4 * (HEAD_WORDS + ENTRY_WORDS * ROOM));
  const numbers = { threads: THREADS, cols: shape.at(-1)!, parts: PARTS, groups: GROUPS };
  const node = nodes.at(-1)!;
  const call = (file: string, out: Slot, inputs: readonly Slot[], grid: Grid): Call => ({
    ...{ node, out, inputs, grid },
    kernel: { files: [file], numbers },
    rows: 'logits',
  });
  const single: Grid = { x: 1, y: () => 1 };
  const all: Grid = { x: PARTS / THREADS, y: () => 1 };
  const ofParts = call('best_parts', parts, [logits], all);
  return {
    one: [ofParts, call('best_one', list, [parts, logits], single)],
    several: [ofParts, call('best_floor', list, [parts], single), call('best_list', list, [logits], all)],
    ...{ parts, list },
  };
}

/** Whether the device can find what a step wants. */
export const findsBest = ({ nBest = 0, nLogits }: Pick<Step, 'nBest' | 'nLogits'>, { logits }: Graph): boolean =>
  nLogits === 1 && nBest > 0 && nBest <= Math.min(MOST, colsOf(logits));

/** Bytes of a list that have to be read. */
export const bestBytes = (nBest: number): number => 4 * (HEAD_WORDS + ENTRY_WORDS * (nBest === 1 ? 1 : ROOM));

/** Room for what a list holds. */
export class BestList implements Best {
  n = 0;
  readonly tokens = new Int32Array(ROOM);
  readonly logits = new Float32Array(ROOM);
  private readonly bits = new Uint32Array(this.logits.buffer);

  /** Takes a list over. Whether all of it was there. */
  take(words: Uint32Array): boolean {
    this.n = words[0]!;
    if (this.n > ROOM) return false;
    for (let i = 0; i < this.n; i++) {
      this.tokens[i] = words[HEAD_WORDS + ENTRY_WORDS * i]!;
      this.bits[i] = words[HEAD_WORDS + ENTRY_WORDS * i + 1]!;
    }
    return true;
  }
}
