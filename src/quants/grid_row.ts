/** What the IQ types have in common: weights are rows of a grid, with signs of their own. */

/** Writes row `index` of a grid, times `scale`, at `dst[at]`; bit i of `signs` says that number i is negative. */
export function putRow(
  { rows, width }: GridRows,
  index: number,
  scale: number,
  signs: number,
  dst: Float32Array,
  at: number,
): void {
  for (let i = 0; i < width; i++) {
    const value = scale * rows[width * index + i]!;
    dst[at + i] = (signs >> i) & 1 ? -value : value;
  }
}

/** A grid, expanded. */
export interface GridRows {
  readonly rows: Int8Array;
  readonly width: number;
}

/** Eight signs from seven bits: there is an even number of negative ones. */
export function evenSigns(seven: number): number {
  let parity = seven;
  for (const shift of [4, 2, 1]) parity ^= parity >> shift;
  return seven | ((parity & 1) << 7);
}
