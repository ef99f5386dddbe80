// Rows of a table, one for each token: table[nVocab, cols] -> out[nTokens, cols]. A table may lie in several parts; this one has its
// rows [firstRow, endRow), and leaves the tokens of others alone. A thread makes four columns.
// needs: step

@group(0) @binding(1) var<storage, read_write> out: array<f32>;

override threads: u32;
override cols: u32;
override firstRow: u32;
override endRow: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let token = step.rows[id.y].token;
  let column = 4u * id.x;
  if (column >= cols || token < firstRow || token >= endRow) {
    return;
  }
  let columns4 = 8u * ((cols + 31u) / 32u); // of a row with its padding
  let weights = weights4((token - firstRow) * columns4 + id.x);
  for (var i = 0u; i < min(4u, cols - column); i++) {
    out[id.y * cols + column + i] = weights[i];
  }
}
