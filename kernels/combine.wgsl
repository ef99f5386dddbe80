// A sum of up to four rows, each times a number of its token's: coefs[rows, nCoefs], xs each [rows, cols] -> out[rows, cols],
// out = sum over j of coefs[first + j] * x_j.
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> coefs: array<f32>;
@group(0) @binding(3) var<storage, read> x0: array<f32>;
@group(0) @binding(4) var<storage, read> x1: array<f32>;
@group(0) @binding(5) var<storage, read> x2: array<f32>;
@group(0) @binding(6) var<storage, read> x3: array<f32>;

override threads: u32;
override nInputs: u32;
override nCoefs: u32;
override cols: u32;
override first: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= cols) {
    return;
  }
  let i = id.y * cols + id.x;
  let own = id.y * nCoefs + first;
  var sum = coefs[own] * x0[i];
  if (nInputs > 2u) {
    sum += coefs[own + 1u] * x1[i];
  }
  if (nInputs > 3u) {
    sum += coefs[own + 2u] * x2[i];
  }
  if (nInputs > 4u) {
    sum += coefs[own + 3u] * x3[i];
  }
  out[i] = sum;
}
