/**
 * chrF2 (Popović 2015, 2017), as sacrebleu computes it: the F-score with β = 2 of the mean precision and the mean recall of one to six
 * characters in a row, white space left out, over all sentences together; from 0 to 100.
 */

const maxOrder = 6;
const beta = 2;

const charsOf = (text: string): string[] => Array.from(text.replace(/\s+/g, ''));

function gramsOf(chars: readonly string[], n: number): Map<string, number> {
  const grams = new Map<string, number>();
  for (let i = 0; i + n <= chars.length; i++) {
    const gram = chars.slice(i, i + n).join('');
    grams.set(gram, (grams.get(gram) ?? 0) + 1);
  }
  return grams;
}

/** @param pairs what was said, and what should have been */
export function chrf(pairs: readonly (readonly [said: string, right: string])[]): number {
  let [precision, recall, nOrders] = [0, 0, 0];
  for (let n = 1; n <= maxOrder; n++) {
    let [nSaid, nRight, nSame] = [0, 0, 0];
    for (const [said, right] of pairs) {
      const [a, b] = [charsOf(said), charsOf(right)];
      const wanted = gramsOf(b, n);
      nSaid += Math.max(0, a.length - n + 1);
      nRight += Math.max(0, b.length - n + 1);
      for (const [gram, count] of gramsOf(a, n)) nSame += Math.min(count, wanted.get(gram) ?? 0);
    }
    if (nSaid === 0 || nRight === 0) continue;
    nOrders++;
    precision += nSame / nSaid;
    recall += nSame / nRight;
  }
  if (precision + recall === 0) return 0;
  const [p, r] = [precision / nOrders, recall / nOrders];
  return (100 * (1 + beta ** 2) * p * r) / (beta ** 2 * p + r);
}
