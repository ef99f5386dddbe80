// What the chosen experts say, each by its weight: x[rows, nUsed * cols], chosen[rows, 2 * nUsed] (experts, then weights), scales[nExperts]
// or nothing -> out[rows, cols], out = sum over j of weight_j * scale of expert j * x_j.
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> chosen: array<f32>;
@group(0) @binding(4) var<storage, read> scales: array<f32>;

override threads: u32;
override nInputs: u32;
override xCols: u32;
override nUsed: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let cols = xCols / nUsed;
  if (id.x >= cols) {
    return;
  }
  var sum = 0.0;
  for (var j = 0u; j < nUsed; j++) {
    let choice = id.y * 2u * nUsed + j;
    var weight = chosen[choice + nUsed];
    if (nInputs > 2u) {
      weight *= scales[u32(chosen[choice])];
    }
    sum += weight * x[id.y * xCols + j * cols + id.x];
  }
  out[id.y * cols + id.x] = sum;
}
