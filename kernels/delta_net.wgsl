// The gated delta rule of src/ops/delta_net.ts: q and k [nTokens, keyCols], v and out [nTokens, cols], gates[nTokens, 2 * nHeads] by
// delta_gates, state[cols, headDim], which each token changes. Columns of a head's matrix do not know of each other: a thread does one,
// token by token.
// needs: step

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read> v: array<f32>;
@group(0) @binding(5) var<storage, read> gates: array<f32>;
@group(0) @binding(6) var<storage, read_write> state: array<f32>;

override threads: u32;
override keyCols: u32;
override cols: u32;
override headDim: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= cols) {
    return;
  }
  let nHeads = cols / headDim;
  let head = id.x / headDim;
  let column = head * headDim * headDim + id.x % headDim;
  for (var t = 0u; t < step.nTokens; t++) {
    let decay = gates[2u * t * nHeads + head];
    let rate = gates[(2u * t + 1u) * nHeads + head];
    let key = t * keyCols + head * headDim % keyCols;
    var known = 0.0;
    for (var i = 0u; i < headDim; i++) {
      known += state[column + i * headDim] * k[key + i];
    }
    let by = rate * (v[t * cols + id.x] - decay * known);
    var answer = 0.0;
    for (var i = 0u; i < headDim; i++) {
      let now = state[column + i * headDim] * decay + k[key + i] * by;
      state[column + i * headDim] = now;
      answer += now * q[key + i];
    }
    out[t * cols + id.x] = answer;
  }
}
