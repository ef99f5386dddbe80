// What all products of a matrix with activations have in common.
// needs: step, shape

@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [n, outCols], of each matrix
@group(0) @binding(3) var<storage, read> added: array<f32>; // a bias [outCols], or numbers [n, outCols]

// More than two: something is added.
override nInputs: u32;

fn nTokens() -> u32 {
  return select(step.nTokens, step.nLogits, shape.ofLogits == 1u);
}

// Rows of planes, and tokens, that are there, for those of the last blocks that are not.
fn heldRow(row: u32) -> u32 {
  return shape.firstRow + min(row, shape.rows - 1u);
}

fn heldToken(token: u32) -> u32 {
  return min(token, nTokens() - 1u);
}

// What a workgroup makes: neighbours have the same rows of the matrix and the next tokens, so that the matrix is read from memory once.
struct Place {
  rowBlock: u32,
  tokenBlock: u32,
}

fn placeOf(group: vec3<u32>, tokensOfBlock: u32) -> Place {
  let tokenBlocks = (nTokens() + tokensOfBlock - 1u) / tokensOfBlock;
  let index = group.y * shape.rowBlocks + group.x;
  return Place(index / tokenBlocks, index % tokenBlocks);
}

fn putProduct(token: u32, row: u32, sum: f32) {
  if (token >= nTokens() || row >= shape.rows) {
    return;
  }
  out[placeInOut(token, row)] = withAdded(token, row, sum);
}

fn withAdded(token: u32, row: u32, sum: f32) -> f32 {
  if (nInputs > 2u) {
    return sum + added[token * shape.addedApart + shape.rowBegin + row];
  }
  return sum;
}

fn placeInOut(token: u32, row: u32) -> u32 {
  if (row >= shape.thirdRow) {
    return shape.thirdAt + token * (shape.rows - shape.thirdRow) + row - shape.thirdRow;
  }
  if (row >= shape.secondRow) {
    return shape.secondAt + token * (shape.thirdRow - shape.secondRow) + row - shape.secondRow;
  }
  return token * shape.outCols + shape.rowBegin + row;
}
