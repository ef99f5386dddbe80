// Attention of many tokens in tiles (Dao et al. 2022, arXiv:2205.14135): q[rows, cols], keys and values of a cache -> out[rows, cols]. A
// workgroup is a tile of queries that share their keys and values, and walks over blocks of positions.
//
//     scores      a thread has 4 queries × 4 positions, every `lanes`-th
//     values      a thread has 4 queries × 4 columns, and 4 more, `lanes` fours behind
// needs: queries, finite

@group(0) @binding(1) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> sinks: array<f32>;
@group(0) @binding(6) var<storage, read> slopes: array<f32>;
@group(0) @binding(7) var<storage, read> angles: array<f32>;

override threads: u32;
override bands: u32 = queryRows / 4u; // of four queries
override lanes: u32 = threads / bands; // threads of a band
override nWeights: u32 = 4u * threads;

// Each has a number for each query of a band.
var<workgroup> weights: array<vec4<f32>, nWeights>; // [positions, bands]
var<workgroup> tops: array<vec4<f32>, threads>; // [bands, lanes]

// What four queries see.
struct Band {
  begin: vec4<u32>,
  end: vec4<u32>,
  own: vec4<u32>,
  slope: vec4<f32>,
}

fn bandAt(first: u32, kvHead: u32) -> Band {
  var band = Band();
  for (var i = 0u; i < 4u; i++) {
    let row = min(first + i, step.nTokens * headsPerKv - 1u);
    let sight = sightOf(row / headsPerKv);
    band.begin[i] = sight.begin;
    band.end[i] = sight.end;
    band.own[i] = sight.own;
    band.slope[i] = slopes[kvHead * headsPerKv + row % headsPerKv];
  }
  return band;
}

// The scores of a band's queries at four positions, `lanes` apart; a column of the matrix is a position.
fn scoresFrom(at: u32, kvFirst: u32, bandFirst: u32, band: Band) -> mat4x4<f32> {
  let places = (vec4<u32>(at) + lanes * vec4<u32>(0u, 1u, 2u, 3u)) % nPositions * (kvDim / 4u) + kvFirst;
  var products = mat4x4<f32>();
  for (var i = 0u; i < fours; i++) {
    let first = bandFirst + i;
    let four = mat4x4<f32>(numbers[first], numbers[first + fours], numbers[first + 2u * fours], numbers[first + 3u * fours]);
    products[0] += keys4(places.x + i) * four;
    products[1] += keys4(places.y + i) * four;
    products[2] += keys4(places.z + i) * four;
    products[3] += keys4(places.w + i) * four;
  }
  return mat4x4<f32>(
    scoresOf(products[0], at, band),
    scoresOf(products[1], at + lanes, band),
    scoresOf(products[2], at + 2u * lanes, band),
    scoresOf(products[3], at + 3u * lanes, band),
  );
}

// Scores at one position: lowest where it is not seen.
fn scoresOf(products: vec4<f32>, at: u32, band: Band) -> vec4<f32> {
  let between = max(band.own, vec4<u32>(at)) - min(band.own, vec4<u32>(at));
  let scores = vec4<f32>(
    bent(products.x, band.slope.x, between.x),
    bent(products.y, band.slope.y, between.y),
    bent(products.z, band.slope.z, between.z),
    bent(products.w, band.slope.w, between.w),
  );
  return select(vec4<f32>(LOWEST), scores, (vec4<u32>(at) >= band.begin) & (vec4<u32>(at) < band.end));
}

// The largest of what each thread of a band has; called by all threads.
fn largestOf(mine: vec4<f32>, thread: u32) -> vec4<f32> {
  tops[thread] = mine;
  workgroupBarrier();
  var largest = mine;
  for (var i = thread / lanes * lanes; i < (thread / lanes + 1u) * lanes; i++) {
    largest = max(largest, tops[i]);
  }
  return largest;
}

// The sum of what each thread of a band has; called by all threads, which are done with `numbers` then.
fn sumOf(mine: vec4<f32>, thread: u32) -> vec4<f32> {
  workgroupBarrier();
  tops[thread] = mine;
  workgroupBarrier();
  var sum = vec4<f32>();
  for (var i = thread / lanes * lanes; i < (thread / lanes + 1u) * lanes; i++) {
    sum += tops[i];
  }
  return sum;
}

// 1 / the sum of all weights of each query; a sink is one more.
fn factorOf(largest: vec4<f32>, sum: vec4<f32>, firstHead: u32, row: u32) -> vec4<f32> {
  var factor = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    var higher = largest[i];
    var sink = 0.0;
    if (nInputs > 3u) {
      let score = sinks[firstHead + (row + i) % headsPerKv];
      higher = max(score, higher);
      sink = exp(score - higher);
    }
    let correction = exp(largest[i] - higher);
    factor[i] = correction / held(sum[i] * correction + sink);
  }
  return factor;
}

// A position that is not seen has no weight.
fn weightsOf(scores: vec4<f32>, largest: vec4<f32>) -> vec4<f32> {
  return select(exp(scores - largest), vec4<f32>(), scores == vec4<f32>(LOWEST));
}

// Each column of the matrix, which is a query's, times its number.
fn scaled(total: mat4x4<f32>, by: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(total[0] * by.x, total[1] * by.y, total[2] * by.z, total[3] * by.w);
}

fn outer(weight: vec4<f32>, value: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(value * weight.x, value * weight.y, value * weight.z, value * weight.w);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = group.x;
  let kvFirst = kvHead * fours; // of a row of the cache
  let firstRow = group.y * queryRows;
  let endRow = min(firstRow + queryRows, step.nTokens * headsPerKv);
  loadQueries(firstRow, kvHead, thread);
  let lane = thread % lanes;
  let band = bandAt(firstRow + 4u * (thread / lanes), kvHead);
  let bandFirst = 4u * (thread / lanes) * fours; // of `numbers`
  let end = sightOf((endRow - 1u) / headsPerKv).end;
  var largest = vec4<f32>(LOWEST);
  var sum = vec4<f32>(); // of this thread's weights
  var left = mat4x4<f32>(); // of this thread's columns; a column of the matrix is a query
  var right = mat4x4<f32>();
  for (var begin = sightOf(firstRow / headsPerKv).begin; begin < end; begin += 4u * lanes) {
    let scores = scoresFrom(begin + lane, kvFirst, bandFirst, band);
    let mine = max(max(scores[0], scores[1]), max(scores[2], scores[3]));
    let higher = max(largest, largestOf(mine, thread));
    let correction = exp(largest - higher);
    largest = higher;
    sum *= correction;
    for (var i = 0u; i < 4u; i++) {
      let weight = weightsOf(scores[i], largest);
      sum += weight;
      weights[(lane + i * lanes) * bands + thread / lanes] = weight;
    }
    workgroupBarrier();
    left = scaled(left, correction);
    right = scaled(right, correction);
    for (var i = 0u; lane < fours && i < min(4u * lanes, end - begin); i++) {
      let weight = weights[i * bands + thread / lanes];
      if (all(weight == vec4<f32>())) { // what none of the queries sees may be anything, also infinite
        continue;
      }
      let place = (begin + i) % nPositions * (kvDim / 4u) + kvFirst + lane;
      left += outer(weight, values4(place));
      if (lane + lanes < fours) {
        right += outer(weight, values4(place + lanes));
      }
    }
  }
  let factor = factorOf(largest, sumOf(sum, thread), kvHead * headsPerKv, firstRow + 4u * (thread / lanes));
  left = scaled(left, factor);
  right = scaled(right, factor);
  for (var i = 0u; i < 4u; i++) {
    if (lane < fours) {
      numbers[bandFirst + i * fours + lane] = left[i];
    }
    if (lane + lanes < fours) {
      numbers[bandFirst + i * fours + lane + lanes] = right[i];
    }
  }
  workgroupBarrier();
  hadamard(thread);
  for (var i = thread; i < (endRow - firstRow) * fours; i += threads) {
    out[rowAt(firstRow + i / fours, kvHead) + i % fours] = numbers[i];
  }
}
