// One row for the rows of each text of a step: x[nTokens, cols] -> out[nLogits, cols], by `which` the first of them (0), their mean (1),
// or the last (2).
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

override threads: u32;
override cols: u32;
override which: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= cols) {
    return;
  }
  let text = step.rows[id.y];
  let begin = select(text.textFirst, text.textEnd - 1u, which == 2u);
  let end = select(begin + 1u, text.textEnd, which == 1u);
  var sum = 0.0;
  for (var row = begin; row < end; row++) {
    sum += x[row * cols + id.x];
  }
  out[id.y * cols + id.x] = sum / f32(end - begin);
}
