// Attention of few tokens, cut along the positions ("Flash-Decoding", Dao et al. 2023): q[rows, cols], keys and values of a cache ->
// parts[rows, heads, splits]. A workgroup is one split of what a token sees, for up to four heads that share their keys and values. So
// each key and each value is read once. attention_join puts the parts together.
//
//     a block of positions:   thread = position        scores of the heads, their largest, weights
//                             thread = four columns    weights times values; every `turns`-th position is a thread's
// needs: queries, splits

@group(0) @binding(1) var<storage, read_write> parts: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> slopes: array<f32>;
@group(0) @binding(6) var<storage, read> angles: array<f32>;

override threads: u32;
override turns: u32 = threads / fours;
override sharesPerKv: u32 = (headsPerKv + queryRows - 1u) / queryRows; // workgroups that share keys and values

override nTotals: u32 = queryRows * threads;

// Each has a number for each of four heads.
var<workgroup> scores: array<vec4<f32>, threads>;
var<workgroup> weights: array<vec4<f32>, threads>;
var<workgroup> tops: array<vec4<f32>, 8>;
var<workgroup> totals: array<vec4<f32>, nTotals>;

// Four numbers of the queries times a key, for each head.
fn productsWith(key: vec4<f32>, i: u32) -> vec4<f32> {
  var products = vec4<f32>(dot(key, numbers[i]), 0.0, 0.0, 0.0);
  if (queryRows > 1u) {
    products.y = dot(key, numbers[fours + i]);
  }
  if (queryRows > 2u) {
    products.z = dot(key, numbers[2u * fours + i]);
  }
  if (queryRows > 3u) {
    products.w = dot(key, numbers[3u * fours + i]);
  }
  return products;
}

fn scoresAt(at: u32, kvFirst: u32, slope: vec4<f32>, own: u32) -> vec4<f32> {
  let first = ((at % nPositions) * kvDim + kvFirst) / 4u;
  var products = vec4<f32>();
  for (var i = 0u; i < foursOfHead(); i++) {
    products += productsWith(keys4(first + i), i);
  }
  let between = max(at, own) - min(at, own);
  return vec4<f32>(
    bent(products.x, slope.x, between),
    bent(products.y, slope.y, between),
    bent(products.z, slope.z, between),
    bent(products.w, slope.w, between),
  );
}

// The largest score of each head in a block; called by all threads.
fn largestOf(score: vec4<f32>, thread: u32) -> vec4<f32> {
  scores[thread] = score;
  workgroupBarrier();
  if (thread < 8u) {
    var top = score;
    for (var i = thread; i < threads; i += 8u) {
      top = max(top, scores[i]);
    }
    tops[thread] = top;
  }
  workgroupBarrier();
  var largest = tops[0];
  for (var i = 1u; i < 8u; i++) {
    largest = max(largest, tops[i]);
  }
  return largest;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let split = group.x % nSplits;
  let share = group.x / nSplits;
  let kvHead = share / sharesPerKv;
  let kvFirst = kvHead * headDim; // of a row of the cache
  let firstOfKv = share % sharesPerKv * queryRows; // of the heads that share these keys and values
  let head = kvHead * headsPerKv + firstOfKv;
  let sight = sightOf(group.y);
  let splitBegin = sight.begin + split * splitLength(sight);
  let end = min(splitBegin + splitLength(sight), sight.end);
  if (splitBegin >= end) {
    return;
  }
  loadQueries(group.y * headsPerKv + firstOfKv, kvHead, thread);
  let slope = vec4<f32>(slopes[head], slopes[head + 1u], slopes[head + 2u], slopes[head + 3u]);
  let column = thread % fours;
  let turn = thread / fours;
  var largest = vec4<f32>(LOWEST);
  var sum = vec4<f32>(); // of this thread's weights
  var total = mat4x4<f32>(); // of this thread's columns; a column of the matrix is a head
  for (var begin = splitBegin; begin < end; begin += threads) {
    let n = min(threads, end - begin);
    var score = vec4<f32>(LOWEST);
    if (thread < n) {
      score = scoresAt(begin + thread, kvFirst, slope, sight.own);
    }
    let higher = max(largest, largestOf(score, thread));
    let correction = exp(largest - higher);
    let weight = select(vec4<f32>(), exp(score - higher), thread < n);
    largest = higher;
    sum = sum * correction + weight;
    weights[thread] = weight;
    workgroupBarrier();
    total = mat4x4<f32>(
      total[0] * correction.x,
      total[1] * correction.y,
      total[2] * correction.z,
      total[3] * correction.w,
    );
    for (var i = select(turn, n, turn >= turns); i < n; i += turns) {
      let value = values4((((begin + i) % nPositions) * kvDim + kvFirst) / 4u + column);
      total[0] += weights[i].x * value;
      if (queryRows > 1u) {
        total[1] += weights[i].y * value;
      }
      if (queryRows > 2u) {
        total[2] += weights[i].z * value;
      }
      if (queryRows > 3u) {
        total[3] += weights[i].w * value;
      }
    }
  }
  workgroupBarrier();
  scores[thread] = sum;
  for (var j = 0u; j < queryRows; j++) {
    totals[j * threads + thread] = total[j];
  }
  workgroupBarrier();
  for (var i = thread; i < queryRows * (fours + 1u); i += threads) {
    let j = i / (fours + 1u);
    let quad = i % (fours + 1u);
    if (firstOfKv + j >= headsPerKv) {
      continue;
    }
    parts[partAt(group.y, head + j, split) + quad] = joined(j, quad, largest);
  }
}

// Of head j: four columns of its weighted values; behind them its largest score and the sum of its weights.
fn joined(j: u32, quad: u32, largest: vec4<f32>) -> vec4<f32> {
  var sum = vec4<f32>();
  if (quad == fours) {
    for (var i = 0u; i < threads; i++) {
      sum.y += scores[i][j];
    }
    return vec4<f32>(largest[j], sum.y, 0.0, 0.0);
  }
  for (var i = 0u; i < turns; i++) {
    sum += totals[j * threads + i * fours + quad];
  }
  return sum;
}
