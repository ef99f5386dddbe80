import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/backends/backend.ts';
import { ResourceError } from '../../src/base/errors.ts';
import { Snapshots } from '../../src/engine/snapshots.ts';
import { kvCache, rowsState, type LayerState } from '../../src/graph/layer_state.ts';

const limits = { nCtx: 512, maxTokens: 8, kvType: 'f16' } as const;
const heads = { nKvHeads: 1, headDim: 32 };

/** Snapshots of which a device has room for so many. */
function snapshotsFor(states: readonly LayerState[], room = Infinity) {
  const made = { n: 0 };
  const copyOf: Program['copyOf'] = () => {
    const isThere = made.n < room;
    if (isThere) made.n++;
    const take = async (): Promise<void> => {
      if (!isThere) throw new ResourceError('no room');
    };
    return { take, restore: () => undefined };
  };
  return { made, snapshots: new Snapshots(states, { copyOf } as Program) };
}

const at = (nRead: number) => ({ since: 0, end: nRead, nRead });
const windows = [kvCache(0, heads, limits), kvCache(1, { ...heads, window: 16 }, limits)];
const rows = [...windows, rowsState(2, 1, 32)];

describe('copies of states', () => {
  it('are used again when their place is gone', async () => {
    const { made, snapshots } = snapshotsFor(rows);
    for (let turn = 0; turn < 50; turn++) {
      snapshots.forgetBehind(turn % 3 ? 10 : 0);
      await snapshots.take(at(20 + turn));
      await snapshots.takeBeforeGuesses(at(30 + turn));
      await snapshots.take(at(40 + turn));
    }
    expect(made.n).toBeLessThanOrEqual(6);
  });

  it('are as many as there is room for', async () => {
    const { made, snapshots } = snapshotsFor(windows, 2);
    for (let turn = 1; turn < 9; turn++) await snapshots.take(at(10 * turn));
    expect(made.n).toBe(2);
    expect(await snapshots.restoreLatest()).toEqual(at(80));
    const none = snapshotsFor(rows, 0).snapshots;
    await none.take(at(5));
    await none.takeBeforeGuesses(at(6));
    expect(await none.restoreLatest()).toBeUndefined();
  });

  it('are left to guesses first where there is one', async () => {
    const { snapshots } = snapshotsFor(rows, 1);
    await snapshots.take(at(10));
    await snapshots.takeBeforeGuesses(at(20));
    expect(await snapshots.restoreLatest()).toEqual(at(10)); // the next one knows that there is no more room
    await snapshots.takeBeforeGuesses(at(30));
    expect(await snapshots.restoreLatest()).toEqual(at(30));
  });
});
