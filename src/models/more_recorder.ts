import type { Value } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { columns } from '../ops/columns.ts';
import { combine } from '../ops/combine.ts';
import { gelu } from '../ops/gelu.ts';
import { layerNorm } from '../ops/layer_norm.ts';
import { matchSize } from '../ops/match_size.ts';
import { multiply } from '../ops/multiply.ts';
import { colsOf } from '../ops/op.ts';
import { positionRows } from '../ops/position_rows.ts';
import { scale } from '../ops/scale.ts';
import { sparsify } from '../ops/sparsify.ts';
import { temper } from '../ops/temper.ts';
import { constant, f32, Recorder } from './recorder.ts';

/** A recorder that knows the ops of few families, too; it loads with those. */
export class MoreRecorder extends Recorder {
  /** Rows of a table that stays in storage: `[nTokens, cols]`. */
  storedRows(table: Tensor): Value {
    const cols = table.shape[1]!;
    const into = { name: `rows of ${table.name}`, quant: f32, shape: [this.limits.maxTokens, cols], role: 'state' } as const;
    this.stored.push({ table, into });
    return this.columns(into, 0, cols);
  }

  /** Columns `first … first + nCols - 1` of each row, or of each group of `groupCols`. */
  columns(x: Value, first: number, nCols: number, groupCols = colsOf(x)): Value {
    return this.node(columns, [x], { first, nCols, groupCols });
  }

  /** `rmsNorm` of groups of `groupCols` columns, without a weight. */
  rmsNormPlain(x: Value, groupCols: number, eps: number): Value {
    return this.rmsNorm(x, this.filled(groupCols, 1), eps);
  }

  /** A row of the same number everywhere. */
  protected filled(n: number, number: number): Value {
    const name = `all ${number}`;
    const known = this.nodes.flatMap(({ inputs }) => inputs).find((input) => input.name === name && input.shape[1] === n);
    return known ?? constant(name, [1, n], new Float32Array(n).fill(number));
  }

  /** Multiplies the rows at positions `every * i` and on by `factors[i]`. */
  temper(x: Value, factors: Float32Array, every: number): Value {
    return this.node(temper, [x, constant('factors', [1, factors.length], factors)], { every });
  }

  /** `(x - mean) / sqrt(variance + eps) * weight (+ bias)`, row by row. */
  layerNorm(x: Value, { weight, bias }: LayerNorm, eps: number): Value {
    return this.node(layerNorm, bias ? [x, weight, bias] : [x, weight], { eps });
  }

  gelu(x: Value): Value {
    return this.node(gelu, [x]);
  }

  /** Adds the same row to all. */
  addRow(x: Value, row: Float32Array): Value {
    return this.node(scale, [x, constant('row', [1, row.length], row)], { by: 1 });
  }

  /** Rows of a table `[nPositions, cols]` by the tokens' positions: `[nTokens, cols]`. */
  positionRows(table: Float32Array, cols: number): Value {
    return this.node(positionRows, [constant('positions', [table.length / cols, cols], table)]);
  }

  /** `x`, its rows as long as those of `other`. */
  matchSize(x: Value, other: Value): Value {
    return this.node(matchSize, [x, other]);
  }

  /** `Σⱼ coefs[first + j] * xs[j]`, with coefficients of each token's own. */
  combine(coefs: Value, first: number, xs: readonly Value[]): Value {
    return this.node(combine, [coefs, ...xs], { first });
  }

  /** `x * weight`, column by column; the weight may be another row for each row. */
  multiply(x: Value, weight: Value): Value {
    return this.node(multiply, [x, weight]);
  }

  /** What of a row lies above its mean and so many standard deviations; 0: all of it as it is. */
  sparsify(x: Value, deviations: number): Value {
    return deviations === 0 ? x : this.node(sparsify, [x], { deviations });
  }
}

/** The weights of a layer norm, `[cols]` each. */
export interface LayerNorm {
  readonly weight: Value;
  readonly bias?: Value | undefined;
}
