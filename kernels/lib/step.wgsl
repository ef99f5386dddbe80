// What a step is: how many rows there are, and where each of them belongs. A step of one text has rows of one text.

struct Row {
  token: u32,
  // Of the row within its text.
  position: u32,
  // Row of the caches in which the text's position 0 lies.
  base: u32,
  // Rows [first, end) of the step are the same text.
  first: u32,
  end: u32,
  // Of the step's texts, the i-th stands in row i: it has rows [textFirst, textEnd).
  textFirst: u32,
  textEnd: u32,
  unused: u32,
}

struct Step {
  nTokens: u32,
  // The last rows of tokens whose logits are wanted.
  nLogits: u32,
  // Of the last row of logits so many of the largest are wanted, and not the row; 0: the rows.
  nBest: u32,
  // Which step it is, counted by the CPU; it is read back with what was wanted.
  nth: u32,
  rows: array<Row>,
}

@group(0) @binding(0) var<storage, read> step: Step;
