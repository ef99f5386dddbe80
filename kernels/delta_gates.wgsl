// What each token leaves of each head's matrix, and how far it corrects it: alpha and beta [nTokens, nHeads], a and dt [nHeads] ->
// gates[nTokens, 2 * nHeads], e^(a * softplus(alpha + dt)) of all heads, then 1 / (1 + e^-beta). delta_net reads them.
// needs: step, sigmoid, softplus

@group(0) @binding(1) var<storage, read_write> gates: array<f32>;
@group(0) @binding(2) var<storage, read> alpha: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read> a: array<f32>;
@group(0) @binding(5) var<storage, read> dt: array<f32>;

override threads: u32;
override nHeads: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < nHeads) {
    let own = id.y * nHeads + id.x;
    let to = 2u * id.y * nHeads + id.x;
    gates[to] = exp(a[id.x] * softplus(alpha[own] + dt[id.x]));
    gates[to + nHeads] = timesSigmoid(1.0, beta[own]);
  }
}
