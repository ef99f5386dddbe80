// Who does what in products with the matrices of chosen experts: LANES threads share a row of a stack of matrices, the workgroups of a choice lie
// along x, choices along y. A stack may lie in several parts; this one has its rows [firstRow, endRow), and leaves those of others alone.
// The step is not asked for: with four planes of a matrix there would be more buffers than every device takes.

@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [n, nUsed, rows]
@group(0) @binding(3) var<storage, read> chosen: array<f32>; // [n, 2 * nUsed]: experts, then weights
@group(0) @binding(4) var<storage, read> bias: array<f32>; // [nExperts, rows]

const LANES = 8u;

override threads: u32;
override nInputs: u32;
override rows: u32; // of one matrix
override rowsApart: u32; // from one matrix of the stack to the next
override cols: u32;
override xCols: u32;
override nUsed: u32;
override firstRow: u32;
override endRow: u32;

var<workgroup> laneSums: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let token = group.y / nUsed;
  let j = group.y % nUsed;
  let expert = u32(chosen[token * 2u * nUsed + j]);
  let first = expert * rowsApart;
  let block = group.x * (threads / LANES);
  if (first + block >= endRow || first + block + threads / LANES <= firstRow) {
    return;
  }
  let r = block + thread / LANES;
  let row = first + r;
  let isHere = r < rows && row >= firstRow && row < endRow;
  let x = token * xCols + select(j * cols, 0u, xCols == cols);
  laneSums[thread] = sumOfLane(select(0u, row - firstRow, isHere), x, thread % LANES);
  workgroupBarrier();
  if (!isHere || thread % LANES != 0u) {
    return;
  }
  var sum = 0.0;
  for (var lane = 0u; lane < LANES; lane++) {
    sum += laneSums[thread + lane];
  }
  if (nInputs > 3u) {
    sum += bias[expert * rows + r];
  }
  out[group.y * rows + r] = sum;
}
