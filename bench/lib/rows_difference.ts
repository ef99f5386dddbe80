/** How far rows of logits are from those wanted, added up over the rows. */
export interface RowsDifference {
  /** Squares of the logits' differences. */
  squares: number;
  /** Kullback-Leibler divergence of what came from what was wanted, in nats. */
  kl: number;
  /** Rows with the same best token. */
  sameBest: number;
  /** Negative log-likelihood of the tokens that follow, in nats; the last row has none. */
  nll: number;
}

export const noDifference = (): RowsDifference => ({ squares: 0, kl: 0, sameBest: 0, nll: 0 });

/** Adds one row, of `nVocab` logits. */
export function difference(total: RowsDifference, came: Float32Array, wanted: Float32Array, next?: number): void {
  const cameLog = logSumExp(came);
  const wantedLog = logSumExp(wanted);
  for (let i = 0; i < came.length; i++) {
    total.squares += (came[i]! - wanted[i]!) ** 2;
    const logP = wanted[i]! - wantedLog;
    total.kl += Math.exp(logP) * (logP - (came[i]! - cameLog));
  }
  if (best(came) === best(wanted)) total.sameBest++;
  if (next !== undefined) total.nll += cameLog - came[next]!;
}

function logSumExp(row: Float32Array): number {
  const max = row[best(row)]!;
  return max + Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0));
}

/** The index of the largest, of several the first. */
function best(row: Float32Array): number {
  let at = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[at]!) at = i;
  return at;
}
