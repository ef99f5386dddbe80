/**
 * Which rows chose which expert. A *choice* is one expert of one row: choice j of row t has number t * nUsed + j. Sorted by expert,
 * choices stand at *places*, so that all rows of an expert are one matrix product:
 *
 *     row 0 chose 3 1, row 1 chose 3 2      choices  0 1 2 3      sorted  0 2 │ 1 │ 3      places  0 2 1 3
 *
 *     | nChosen | of each chosen expert, the most chosen first: expert, first place, choices | of each choice, its place | at each place, its choice |
 *                └ room for nExperts                                                           └ nRows * nUsed
 */
@unmanaged
export class Choices {
  /** Experts that any row chose. */
  nChosen: u32;

  /** The i-th chosen expert. */
  @inline
  at(i: u32): Chosen {
    return changetype<Chosen>(changetype<usize>(this) + offsetof<Choices>() + i * offsetof<Chosen>());
  }

  /** Address of `[nRows * nUsed]` places. */
  @inline
  places(nExperts: u32): usize {
    return changetype<usize>(this.at(nExperts));
  }
}

/** An expert that was chosen. */
@unmanaged
export class Chosen {
  expert: u32;
  first: u32;
  n: u32;
}
