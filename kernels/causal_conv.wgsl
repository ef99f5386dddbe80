// A short causal convolution of each column: x[nTokens, cols], taps[cols, nTaps], bias[cols] where there is one -> out[nTokens, cols],
// out[t, c] = bias[c] + sum over j of taps[c, j] * x[t - (nTaps - 1) + j, c], and where `silu` is 1, silu of that. Rows before the step
// are in tail[nTaps - 1, cols], which becomes the last rows. A thread does a column, because it replaces what all of its rows read.
// needs: step, sigmoid
// grid: a thread a column

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> taps: array<f32>;
@group(0) @binding(4) var<storage, read_write> tail: array<f32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;

override threads: u32;
override nInputs: u32;
override cols: u32;
override nTaps: u32;
override silu: u32;

// A row of the tail, and behind it those of x.
fn at(row: u32, c: u32) -> f32 {
  let nTail = nTaps - 1u;
  if (row < nTail) {
    return tail[row * cols + c];
  }
  return x[(row - nTail) * cols + c];
}

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  if (c >= cols) {
    return;
  }
  for (var t = 0u; t < step.nTokens; t++) {
    var sum = 0.0;
    if (nInputs > 3u) {
      sum = bias[c];
    }
    for (var j = 0u; j < nTaps; j++) {
      sum += taps[c * nTaps + j] * at(t + j, c);
    }
    if (silu > 0u) {
      sum = timesSigmoid(sum, sum);
    }
    out[t * cols + c] = sum;
  }
  for (var row = 0u; row + 1u < nTaps; row++) {
    tail[row * cols + c] = at(step.nTokens + row, c);
  }
}
