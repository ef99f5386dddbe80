// Turns the first ropeDim columns of every head by pairs: x[rows, cols], angles[rows, ropeDim] -> out[rows, cols]. The angles of a row are
// the cosines of its pairs, then the sines. Which columns are a pair:
//
//     neox 0    (0, 1) (2, 3) (4, 5) ...               neighbours
//     neox 1    (0, half) (1, half + 1) ...            halves of ropeDim
//
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;

override threads: u32;
override cols: u32;
override ropeDim: u32;
override headDim: u32;
override neox: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= cols) {
    return;
  }
  let i = id.y * cols + id.x;
  let column = id.x % headDim;
  if (column >= ropeDim) {
    out[i] = x[i];
    return;
  }
  let half = ropeDim / 2u;
  let isHalves = neox == 1u;
  let pair = select(column / 2u, column % half, isHalves);
  let apart = select(1u, half, isHalves);
  let isSecond = select(column % 2u == 1u, column >= half, isHalves);
  let cosine = angles[id.y * ropeDim + pair];
  let sine = angles[id.y * ropeDim + half + pair];
  if (isSecond) {
    out[i] = x[i - apart] * sine + x[i] * cosine;
  } else {
    out[i] = x[i] * cosine - x[i + apart] * sine;
  }
}
