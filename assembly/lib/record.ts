/**
 * A kernel gets the address of its record in the program, and the items to do.
 *
 *     ┌──────── header (this class) ────────┬─────────────── words of the op ───────────────┐
 *     │ kernel nItems nRows … counter, step │ out, inputs (0: absent), scalars in op's order │
 *     └─────────────────────────────────────┴────────────────────────────────────────────────┘
 *
 * Each op's file extends the header by its own words. Everything is 32 bits wide: pointers, counts and f32 scalars.
 */
@unmanaged
export class Record {
  /** Index of the kernel in the function table. */
  kernel: u32;
  /** Work items of this step. */
  nItems: u32;
  /** Rows of the output in this step: tokens, or logits rows. */
  nRows: u32;
  /** Items that a thread takes at a time. */
  chunk: u32;
  /** 1: every thread has to finish everything before. */
  barrier: u32;
  /** How many of the following records are done on the same rows right after this one, by the same thread. */
  nFused: u32;
  /** Bytes from this record to the next. */
  recordBytes: u32;
  /** Address of the counter from which threads take items. */
  counter: u32;
  /** What changes from run to run. */
  step: Step;
}

/** The step's own numbers, written by the host before each run. */
@unmanaged
export class Step {
  /** Position of the first token. */
  pos: u32;
  nTokens: u32;
  nLogits: u32;
  /** Set by the first kernel whose numbers did not fit where they went: the address of its record. */
  lost: usize;
  /** Address of `[nTokens]` addresses, of each row's text; 0: all rows are of one text, from `pos` on. */
  texts: usize;
  /** Address of `[nLogits]` rows that get logits; 0: the last ones. */
  logitRows: usize;

  /** Address of the token ids, which lie right behind. */
  @inline
  get tokens(): usize {
    return changetype<usize>(this) + offsetof<Step>();
  }

  /** The text of a row, where there are several. */
  @inline
  textOf(row: u32): StepText {
    return changetype<StepText>(load<usize>(this.texts + (row << 2)));
  }

  /** The position of a row within its text. */
  posOf(row: u32): u32 {
    if (!this.texts) return this.pos + row;
    const text = this.textOf(row);
    return text.pos + row - text.first;
  }

  /** The row of the caches where a row's position lies, rings apart. */
  cachedAt(row: u32): u32 {
    return this.texts ? this.posOf(row) + this.textOf(row).base : this.pos + row;
  }

  /** Bytes from the program's own states to those of a row's text. */
  statesOf(row: u32): usize {
    return this.texts ? this.textOf(row).states : 0;
  }
}

/** A text among those of a step. */
@unmanaged
export class StepText {
  /** Its first row in the step. */
  first: u32;
  nTokens: u32;
  /** Position of the first row within the text. */
  pos: u32;
  /** Row of the caches where the text's position 0 lies: whole blocks of 32. */
  base: u32;
  /** Bytes from the states of the program that runs to those of the text, where it belongs to another program. */
  states: usize;
}
