// The product of a matrix of levels with few rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus bias[r].
// needs: step, levels, row_sums

@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;

override cols: u32;

// 32 columns of a row of activations, and what a min is multiplied by.
struct Piece {
  low: mat4x4<f32>, // columns 0..15
  high: mat4x4<f32>, // columns 16..31
  sums: vec2<f32>,
}

fn pieceOf(index: u32) -> Piece {
  let at = 8u * index;
  let low = mat4x4<f32>(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
  let high = mat4x4<f32>(x[at + 4u], x[at + 5u], x[at + 6u], x[at + 7u]);
  return Piece(low, high, vec2<f32>(sumOf(low), sumOf(high)));
}

fn sumOf(numbers: mat4x4<f32>) -> f32 {
  return dot(numbers[0] + numbers[1] + numbers[2] + numbers[3], vec4<f32>(1.0));
}

fn product16(levels: vec4<u32>, numbers: mat4x4<f32>) -> f32 {
  var sums = levels4(levels.x) * numbers[0];
  sums = fma(levels4(levels.y), numbers[1], sums);
  sums = fma(levels4(levels.z), numbers[2], sums);
  sums = fma(levels4(levels.w), numbers[3], sums);
  return dot(sums, vec4<f32>(1.0));
}

fn product(weights: Unit, piece: Piece) -> f32 {
  let products = vec2<f32>(product16(weights.low, piece.low), product16(weights.high, piece.high));
  return dot(weights.scale, products) + dot(weights.min, piece.sums);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let units = cols / 32u;
  let first = firstRow(group, thread);
  var sums: array<f32, ROWS>;
  for (var i = thread % lanes; i < units; i += lanes) {
    let piece = pieceOf(group.y * units + i);
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += product(unit(heldRow(first + r) * units + i), piece);
    }
  }
  putSums(group, thread, sums);
}
