// Attention of few tokens is cut along the positions, so that there is work for many workgroups.
//
//     | split 0 | split 1 | … |        each leaves a part: weighted values, the largest score, the sum of weights
//
// A part is headDim + 4 numbers: parts[row, head, split].
// needs: sight

// Splits of a row, at most.
override nSplits: u32;
// Positions of a block; splits are whole blocks.
override blockRows: u32;

fn splitLength(sight: Sight) -> u32 {
  let length = (sight.end - sight.begin + nSplits - 1u) / nSplits;
  return (length + blockRows - 1u) / blockRows * blockRows;
}

// Where a part begins, in fours.
fn partAt(row: u32, head: u32, split: u32) -> u32 {
  return ((row * (cols / headDim) + head) * nSplits + split) * (headDim / 4u + 1u);
}
