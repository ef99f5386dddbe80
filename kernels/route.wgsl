// Chooses experts: scores[rows, nExperts], bias[nExperts] or nothing -> out[rows, 2 * nUsed], numbers of the chosen experts, the best first,
// then their weights. The bias counts for the choice alone; of equals the first is chosen. gating: softmax 0, sigmoid 1, softmax of the chosen 2.
// needs: step, largest, sigmoid, finite
// grid: a workgroup a row

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> scores: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;

override nInputs: u32;
override nExperts: u32;
override nUsed: u32;
override gating: u32;
override norm: u32;
override scale: f32;

// Below all ranks: that of a score that is no number, and that of an expert that is chosen already.
const LOST = -3e38;
const TAKEN = -3.4e38;

const LEAST_SUM = 6.103515625e-5;

var<workgroup> gated: array<f32, nExperts>;
var<workgroup> ranks: array<f32, nExperts>;
var<workgroup> weights: array<f32, nUsed>;
var<workgroup> found: array<vec2<f32>, threads>; // a rank, and whose

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let lost = gate(group.y * nExperts, thread);
  for (var j = 0u; j < nUsed; j++) {
    let best = u32(bestOf(thread).y);
    if (thread == 0u) {
      out[group.y * 2u * nUsed + j] = f32(best);
      weights[j] = gated[best];
      ranks[best] = TAKEN;
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    weigh();
    for (var j = 0u; j < nUsed; j++) {
      out[group.y * 2u * nUsed + nUsed + j] = bitcast<f32>(select(bitcast<u32>(weights[j]), 0x7fc00000u, lost));
    }
  }
}

// Gates a row's scores, and ranks them; whether any of them is no number.
fn gate(first: u32, thread: u32) -> bool {
  var most = TAKEN;
  var nLost = 0.0;
  for (var e = thread; e < nExperts; e += threads) {
    let score = scores[first + e];
    most = max(most, select(LOST, score, isFinite(score)));
    nLost += select(1.0, 0.0, isFinite(score));
  }
  let largest = largestOf(most, thread);
  var total = 0.0;
  for (var e = thread; e < nExperts; e += threads) {
    let score = scores[first + e];
    var p = score;
    if (gating == 0u) {
      p = exp(score - largest);
    } else if (gating == 1u) {
      p = timesSigmoid(1.0, score);
    }
    gated[e] = p;
    total += p;
  }
  let sum = sumOf(total, thread);
  for (var e = thread; e < nExperts; e += threads) {
    if (gating == 0u) {
      gated[e] /= sum;
    }
    var rank = gated[e];
    if (nInputs > 1u) {
      rank += bias[e];
    }
    ranks[e] = select(LOST, rank, isFinite(rank));
  }
  return sumOf(nLost, thread) > 0.0; // its barriers let all threads see all ranks
}

fn better(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}

// The best rank, and whose it is.
fn bestOf(thread: u32) -> vec2<f32> {
  var best = vec2<f32>(TAKEN, 0.0);
  for (var e = thread; e < nExperts; e += threads) {
    best = better(best, vec2<f32>(ranks[e], f32(e)));
  }
  found[thread] = best;
  workgroupBarrier();
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      found[thread] = better(found[thread], found[thread + half]);
    }
    workgroupBarrier();
  }
  return found[0];
}

// From what the chosen experts were gated to, to their weights.
fn weigh() {
  var sum = 0.0;
  var best = weights[0];
  for (var j = 1u; j < nUsed; j++) {
    best = max(best, weights[j]); // a bias may have chosen another one first
  }
  for (var j = 0u; j < nUsed; j++) {
    if (gating == 2u) {
      weights[j] = exp(weights[j] - best);
    }
    sum += weights[j];
  }
  var total = select(1.0, sum, gating == 2u);
  if (norm == 1u) {
    total *= max(sum / total, LEAST_SUM);
  }
  for (var j = 0u; j < nUsed; j++) {
    weights[j] = weights[j] / total * scale;
  }
}
