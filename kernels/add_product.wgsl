// The second half of a low-rank product, added to what is there: x[n, outCols], w[rows, cols], y[n, cols], by[1] -> out[n, outCols],
// out[t, r] = x[t, r] + by[0] * sum over k of w[r, k] * y[t, k]. There are few columns, so a thread does a row of the matrix; rows are
// padded with zeros to whole units of 32 columns. The matrix may be a part of a larger one: its rows from rowBegin on.
// needs: step, shape

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> by: array<f32>;

override threads: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.rows) {
    return;
  }
  let wordsApart = (shape.cols + 31u) / 32u * 8u;
  var sum = 0.0;
  for (var word = 0u; 4u * word < shape.cols; word++) {
    let weights = weights4(id.x * wordsApart + word);
    for (var i = 0u; i < min(4u, shape.cols - 4u * word); i++) {
      sum += weights[i] * y[id.y * shape.cols + 4u * word + i];
    }
  }
  let at = id.y * shape.outCols + shape.rowBegin + id.x;
  out[at] = x[at] + by[0] * sum;
}
