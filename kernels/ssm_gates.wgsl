// What each token leaves of each head's matrix, and the step that it makes: delta[nTokens, nHeads], a and dt [nHeads] ->
// gates[nTokens, 2 * nHeads], e^(a * step) of all heads, then step = softplus(delta + dt). ssm_scan reads them.
// needs: step, softplus

@group(0) @binding(1) var<storage, read_write> gates: array<f32>;
@group(0) @binding(2) var<storage, read> delta: array<f32>;
@group(0) @binding(3) var<storage, read> a: array<f32>;
@group(0) @binding(4) var<storage, read> dt: array<f32>;

override threads: u32;
override nHeads: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < nHeads) {
    let to = 2u * id.y * nHeads + id.x;
    let by = softplus(delta[id.y * nHeads + id.x] + dt[id.x]);
    gates[to] = exp(a[id.x] * by);
    gates[to + nHeads] = by;
  }
}
