/** The middle value; for an even count the mean of the middle two. NaN where there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The median distance from the median, relative to it. A disturbed round does not change it. */
export const spread = (values: readonly number[]): number => {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle))) / middle;
};

/** Three digits are all that a measurement on a shared machine is worth. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return '–';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x) || 1)));
  return x.toFixed(Math.min(places, 3));
}

export const percent = (x: number): string => (Number.isFinite(x) ? `${Math.round(100 * x)} %` : '–');
