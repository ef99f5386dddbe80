// The scan of src/ops/ssm_scan.ts: x and out [nTokens, cols], b and c [nTokens, groupCols], gates[nTokens, 2 * nHeads] by ssm_gates,
// d[nHeads], state[nHeads * stateDim, headDim], which each token changes. A thread does a column of a head's matrix, token by token.
// needs: step

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> c: array<f32>;
@group(0) @binding(5) var<storage, read> gates: array<f32>;
@group(0) @binding(6) var<storage, read> d: array<f32>;
@group(0) @binding(7) var<storage, read_write> state: array<f32>;

override threads: u32;
override cols: u32;
override groupCols: u32;
override nHeads: u32;
override stateDim: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= cols) {
    return;
  }
  let headDim = cols / nHeads;
  let head = id.x / headDim;
  let column = head * stateDim * headDim + id.x % headDim;
  let group = head / (nHeads * stateDim / groupCols) * stateDim;
  for (var t = 0u; t < step.nTokens; t++) {
    let fade = gates[2u * t * nHeads + head];
    let own = x[t * cols + id.x];
    let by = gates[(2u * t + 1u) * nHeads + head] * own;
    let first = t * groupCols + group;
    var sum = 0.0;
    for (var n = 0u; n < stateDim; n++) {
      let now = fade * state[column + n * headDim] + b[first + n] * by;
      state[column + n * headDim] = now;
      sum += now * c[first + n];
    }
    out[t * cols + id.x] = sum + d[head] * own;
  }
}
