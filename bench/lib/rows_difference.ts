/** How far rows of logits are from those wanted. */
export interface RowsDifference {
  /** Squares of the logits' differences, and how many logits there were. */
  squares: number;
  nLogits: number;
  /** Kullback-Leibler divergence of the row that came from the row that was wanted, in nats; one for each row. */
  readonly kl: number[];
  /** Rows with the same best token. */
  sameBest: number;
  /** Negative log-likelihood of the tokens that follow, in nats. */
  nll: number;
}

export const emptyDifference = (): RowsDifference => ({ squares: 0, nLogits: 0, kl: [], sameBest: 0, nll: 0 });

/** Adds one row, of `nVocab` logits; `next` is the token that follows in the text. */
export function addRow(total: RowsDifference, came: Float32Array, wanted: Float32Array, next: number): void {
  const cameLog = logSumExp(came);
  const wantedLog = logSumExp(wanted);
  let kl = 0;
  for (let i = 0; i < came.length; i++) {
    total.squares += (came[i]! - wanted[i]!) ** 2;
    const logP = wanted[i]! - wantedLog;
    kl += Math.exp(logP) * (logP - (came[i]! - cameLog));
  }
  total.nLogits += came.length;
  total.kl.push(kl);
  if (best(came) === best(wanted)) total.sameBest++;
  total.nll += cameLog - came[next]!;
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
