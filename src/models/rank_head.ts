import { FormatError } from '../base/errors.ts';
import type { Value } from '../graph/graph.ts';
import type { Pooling } from './pooling.ts';
import type { LayerNorm, MoreRecorder } from './more_recorder.ts';
import type { Linear } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/** The classifier of a reranker: makes scores of a text's row. A file has one of its two matrices, or both. */
export interface RankHead {
  readonly dense?: Linear | undefined; // [dim, dim], or [nLabels, dim]
  readonly norm?: LayerNorm | undefined; // [dim]
  readonly out?: Linear | undefined; // [nLabels, dim]
}

/** The head of a file whose pooling is `rank`; of others none. */
export function rankHead(
  find: WeightFinder,
  { pooling, dim, nLabels }: { readonly pooling: Pooling; readonly dim: number; readonly nLabels: number },
): RankHead | undefined {
  if (pooling !== 'rank') return undefined;
  const dense = find.has('cls.weight') ? find.linear('cls', [rowsOf(find, dim, nLabels), dim]) : undefined;
  const norm = find.has('cls.norm.weight') ? find.layerNorm('cls.norm', dim) : undefined;
  const out = find.has('cls.output.weight') ? find.linear('cls.output', [nLabels, dim]) : undefined;
  if (dense || out) return { dense, norm, out };
  throw new FormatError('the file says that it ranks (pooling_type 4), and has neither cls.weight nor cls.output.weight');
}

/** A head of one matrix makes the scores with it. */
const rowsOf = (find: WeightFinder, dim: number, nLabels: number): number =>
  find.has('cls.output.weight') ? dim : nLabels;

/** Scores of pooled rows: `[nLogits, dim]` → `[nLogits, nLabels]`. The activation is tanh, but for ModernBERT's. */
export function rank(
  g: MoreRecorder,
  row: Value,
  { dense, norm, out }: RankHead,
  { gelu, eps }: { readonly gelu: boolean; readonly eps: number },
): Value {
  let x = row;
  if (dense) x = gelu ? g.gelu(g.linear(dense, x)) : g.softcap(g.linear(dense, x), 1);
  if (norm) x = g.layerNorm(x, norm, eps);
  return out ? g.linear(out, x) : x;
}
