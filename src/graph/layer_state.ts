import { UnsupportedError } from '../base/errors.ts';
import { bytesOf } from './tensor.ts';
import { sum } from '../base/numbers.ts';
import type { GraphLimits, Value } from './graph.ts';
import { quantByName } from '../quants/index.ts';

/**
 * What a layer keeps from one step to the next. A family returns one state per layer, of any of these kinds, mixed freely:
 *
 *     all       keys and values of every position                      ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
 *     window    keys and values of the latest positions, a ring        ················▓▓▓▓▓▓▓▓
 *     rows      a few rows that each step replaces                                            ▓
 *
 * How far a text can be cut back depends on the kind, so a timeline asks (`holds`) and never assumes.
 */
export type LayerState = KvCache | RowsState;

/** A layer's keys and values: position p lies in row `p % nPositions`. */
export interface KvCache {
  readonly kind: 'all' | 'window';
  /** `[nPositions, kvDim]`, of one of `kvTypes`. */
  readonly k: Value;
  /** `[nPositions, kvDim]` */
  readonly v: Value;
  /** Positions that a token sees, its own included; Infinity: all before it. */
  readonly window: number;
}

/** The tail of a convolution, or the state of a recurrence. It depends on every token read, and cannot be cut back. */
export interface RowsState {
  readonly kind: 'rows';
  /** `[n, dim]` f32; all zero before the first token. */
  readonly rows: Value;
}

/** How keys and values are kept: f16 halves the memory, q8_0 nearly halves it again, f32 keeps every bit. */
export const kvTypes = ['f16', 'f32', 'q8_0'] as const;
export type KvType = (typeof kvTypes)[number];

/** What decides about the size of a layer's cache. */
export interface KvShape {
  readonly nKvHeads: number;
  readonly headDim: number;
  /** Positions that a token sees, its own included; absent: all before it. */
  readonly window?: number | undefined;
}

/** A ring is whole blocks of so many positions, which kernels read together. */
export const RING_BLOCK = 32;

/**
 * The cache of layer `l`. A window of less than the context makes it a ring: as large as the window and one step, whose rows are
 * written before its first token looks back.
 * @throws UnsupportedError where blocks of the type would reach from one head into the next.
 */
export function kvCache(l: number, { nKvHeads, headDim, window = Infinity }: KvShape, limits: StateLimits): KvCache {
  const { nCtx, maxTokens, kvType } = limits;
  const quant = quantByName.get(kvType)!;
  if (headDim % quant.blockSize !== 0) {
    const came = `heads of ${headDim} columns, a ${kvType} cache holds blocks of ${quant.blockSize}`;
    throw new UnsupportedError(`${came}; open the model with kvType 'f16'`);
  }
  const ring = Math.ceil((window - 1 + maxTokens) / RING_BLOCK) * RING_BLOCK;
  const nPositions = Math.min(nCtx, ring);
  const state = (name: string) => ({ name, quant, shape: [nPositions, nKvHeads * headDim], role: 'state' }) as const;
  return { kind: ring < nCtx ? 'window' : 'all', k: state(`k.${l}`), v: state(`v.${l}`), window };
}

/** What a session is sized for, and how it keeps keys and values. */
export interface StateLimits extends Pick<GraphLimits, 'nCtx' | 'maxTokens'> {
  readonly kvType: KvType;
}

/** `[n, dim]` rows of layer `l`. A layer with several states names each. */
export function rowsState(l: number, n: number, dim: number, what = 'rows'): RowsState {
  return {
    kind: 'rows',
    rows: { name: `${what}.${l}`, quant: quantByName.get('f32')!, shape: [n, dim], role: 'state' },
  };
}

/** The arrays that a state is made of, in the order in which sessions save them. */
export const valuesOf = (state: LayerState): readonly Value[] =>
  state.kind === 'rows' ? [state.rows] : [state.k, state.v];

/** A stretch of rows `[begin, end)`: positions of a cache, plain rows of the others. */
export interface Stretch {
  readonly begin: number;
  readonly end: number;
}

/** The rows that a text of `nTokens` needs to go on: all that its next token will look at. */
export function rowsNeeded(state: LayerState, nTokens: number): Stretch {
  if (state.kind === 'rows') return { begin: 0, end: state.rows.shape[0]! };
  return { begin: Math.max(0, nTokens - state.window + 1), end: nTokens };
}

/** What a timeline has written to its states. */
export interface Written {
  /**
   * Tokens that were restored from a saved session: of these, the states hold only the rows of `rowsNeeded`. 0: all tokens
   * were read.
   */
  readonly since: number;
  /** The end of the written positions, also those of tokens that are no longer part of the text. */
  readonly end: number;
  /** Tokens that the states stand behind. */
  readonly nRead: number;
}

/** Whether a state still holds all that a text needs when it is cut back to `nTokens`. */
export function holds(state: LayerState, nTokens: number, { since, end, nRead }: Written): boolean {
  if (state.kind === 'rows') return nTokens === nRead;
  const oldest = Math.max(rowsNeeded(state, since).begin, end - state.k.shape[0]!);
  return nTokens <= nRead && rowsNeeded(state, nTokens).begin >= oldest;
}

/** Bytes of a state, as the file layout of its type has them. */
export const stateBytes = (state: LayerState): number => sum(valuesOf(state).map((value) => bytesOf(value)));
