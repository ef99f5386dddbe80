/** What an importance matrix holds of one matrix of a model, or of each of a stack of them. */
export interface ColumnSums {
  /** The tensor's name. */
  readonly name: string;
  /** `[nMatrices, nCols]` sums of the squares of what each column was multiplied with. */
  readonly sums: Float32Array;
  /** `[nMatrices]` how many rows were added up. */
  readonly counts: Float32Array;
}
