// What differs from matrix to matrix: read from a small buffer, so that all matrices of a type share a pipeline. What a kernel does not
// need is zero.

struct Shape {
  // The matrix has so many rows and columns.
  rows: u32,
  cols: u32,
  // It may be a part of a larger one, which has outCols rows: those from rowBegin on.
  rowBegin: u32,
  outCols: u32,
  // Rows of activations are those of logits, not of tokens.
  ofLogits: u32,
  // Blocks of rows of the matrix, along the grid's x.
  rowBlocks: u32,
  // Vectors of activations from 32 columns to the next ones, and from the first vector of some columns to the second.
  unitsApart: u32,
  vectorsApart: u32,
  // What is added to a product: from a token's numbers to the next one's; 0: all have the same, a bias.
  addedApart: u32,
  // The row of the planes at which it begins.
  firstRow: u32,
  // It may be up to three matrices, one below the other: the rows at which the second and the third begin, and the numbers of `out` at
  // which their products do. Where there is none, the row is that of the end.
  secondRow: u32,
  secondAt: u32,
  thirdRow: u32,
  thirdAt: u32,
  // Of activations that are a norm's, which the product before only began: sums of squares for each token, where they begin, and what the
  // norm adds to their mean, as bits. 0: activations are whole.
  nSquares: u32,
  squaresAt: u32,
  epsBits: u32,
}

@group(3) @binding(0) var<uniform> shape: Shape;
