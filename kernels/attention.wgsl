// Attention of each head of each token over the positions that it sees: q[rows, cols], keys and values of a cache -> out[rows, cols]. A
// workgroup is one head of one token. It walks over blocks of positions, one for each thread, with a softmax that is corrected as
// larger scores turn up (Milakov & Gimelshein 2018, arXiv:1805.02867).
// needs: sight, largest, finite, hadamard

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(5) var<storage, read> sinks: array<f32>;
@group(0) @binding(6) var<storage, read> slopes: array<f32>;

var<workgroup> weights: array<f32, threads>;
var<workgroup> totals: array<f32, headDim>;

// The product of the query, which is in `numbers`, with a key, whose numbers may begin in the middle of four.
fn scoreAt(at: u32, first: u32, slope: f32, own: u32) -> f32 {
  let begin = (at % nPositions) * kvDim + first;
  var product = 0.0;
  for (var i = 0u; i < headDim; i++) {
    product += numbers[i / 4u][i % 4u] * keys4((begin + i) / 4u)[(begin + i) % 4u];
  }
  return bent(product, slope, max(at, own) - min(at, own));
}

fn valueAt(at: u32, first: u32) -> f32 {
  let i = (at % nPositions) * kvDim + first;
  return values4(i / 4u)[i % 4u];
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let sight = sightOf(group.y);
  let first = group.y * cols + head * headDim; // of q and out
  let kvFirst = head / (cols / kvDim) * headDim; // of a row of the cache
  for (var i = thread; i < headDim; i += threads) {
    totals[i] = 0.0;
  }
  for (var i = thread; i < nFours; i += threads) {
    for (var j = 0u; j < min(4u, headDim - 4u * i); j++) {
      numbers[i][j] = q[first + 4u * i + j] * scale;
    }
  }
  workgroupBarrier();
  hadamard(thread);
  var largest = LOWEST;
  var sum = 0.0; // of this thread's weights
  if (nInputs > 3u) {
    largest = sinks[head];
    sum = select(0.0, 1.0, thread == 0u);
  }
  for (var begin = sight.begin; begin < sight.end; begin += threads) {
    let n = min(threads, sight.end - begin);
    var score = LOWEST;
    if (thread < n) {
      score = scoreAt(begin + thread, kvFirst, slopes[head], sight.own);
    }
    let higher = max(largest, largestOf(score, thread));
    let correction = exp(largest - higher);
    let weight = select(0.0, exp(score - higher), thread < n);
    largest = higher;
    sum = sum * correction + weight;
    weights[thread] = weight;
    workgroupBarrier();
    for (var i = thread; i < headDim; i += threads) {
      var total = totals[i] * correction;
      for (var j = 0u; j < n; j++) {
        total += weights[j] * valueAt(begin + j, kvFirst + i);
      }
      totals[i] = total;
    }
    workgroupBarrier();
  }
  let factor = 1.0 / held(sumOf(sum, thread));
  for (var i = thread; i < nFours; i += threads) {
    for (var j = 0u; j < min(4u, headDim - 4u * i); j++) {
      numbers[i][j] = totals[4u * i + j] * factor;
    }
  }
  workgroupBarrier();
  hadamard(thread);
  for (var i = thread; i < headDim; i += threads) {
    out[first + i] = numbers[i / 4u][i % 4u];
  }
}
