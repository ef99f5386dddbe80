// Who does what in a product with few rows of activations, and how the sums of its threads come together.
//
// `lanes` threads share ROWS rows of the matrix: each of them has every lanes-th piece of all these rows, and a sum for each row. So a
// workgroup makes threads / lanes * ROWS numbers. After one barrier a thread for each number adds the sums of all lanes.
//
//     laneSums   | number 0: of lane 0, of lane 1, … | unused | number 1: … | …     lanes + 1 apart: in different banks
//
// The matrix has `rows` rows; it may be a part of a larger one, which has outCols rows: those from rowBegin on.

@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [n, outCols]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [outCols]

const ROWS = 4u;

override nInputs: u32;
override rows: u32;
override rowBegin: u32;
override outCols: u32;
override threads: u32;
override lanes: u32;
override nSums: u32 = threads / lanes * ROWS;
override nLaneSums: u32 = nSums * (lanes + 1u); // named: naga 29 fails on an array of so many

var<workgroup> laneSums: array<f32, nLaneSums>;

// The first of a thread's rows.
fn firstRow(group: vec3<u32>, thread: u32) -> u32 {
  return group.x * nSums + thread / lanes * ROWS;
}

// A row that is there, for those of the last workgroup that are not.
fn heldRow(row: u32) -> u32 {
  return min(row, rows - 1u);
}

// Called by all threads of a workgroup.
fn putSums(group: vec3<u32>, thread: u32, sums: array<f32, ROWS>) {
  let first = thread / lanes * ROWS;
  for (var r = 0u; r < ROWS; r++) {
    laneSums[(first + r) * (lanes + 1u) + thread % lanes] = sums[r];
  }
  workgroupBarrier();
  for (var i = thread; i < nSums; i += threads) {
    let row = group.x * nSums + i;
    if (row < rows) {
      let at = group.y * outCols + rowBegin + row;
      out[at] = sumOfLanes(i) + biasOf(rowBegin + row);
    }
  }
}

fn sumOfLanes(i: u32) -> f32 {
  var sum = 0.0;
  for (var lane = 0u; lane < lanes; lane++) {
    sum += laneSums[i * (lanes + 1u) + lane];
  }
  return sum;
}

fn biasOf(row: u32) -> f32 {
  if (nInputs > 2u) {
    return bias[row];
  }
  return 0.0;
}
