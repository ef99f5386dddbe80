// The queries that a workgroup works with. Rows of them are counted by key-value head, so that those which share keys and values are
// neighbours:
//
//     row    token 0: head 0, head 1 … | token 1: head 0, head 1 … |        of the heads that share a key-value head
// A query is turned on the way where no rope has done so; the kernel has the angles.
// needs: sight, hadamard, turned

// Rows of a workgroup.
override queryRows: u32;
override headsPerKv: u32 = cols / kvDim;
override fours: u32 = headDim / 4u; // of columns

// `fours`, for loops that are not to be unrolled: compilers do not know how many it is. (Unrolled, attention_split takes lavapipe 3.2 s to
// compile instead of 0.5 s.)
fn foursOfHead() -> u32 {
  return min(fours, step.nTokens * fours);
}

@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;

// Where a row begins in q and in what is made of it, in fours.
fn rowAt(row: u32, kvHead: u32) -> u32 {
  return row / headsPerKv * (cols / 4u) + (kvHead * headsPerKv + row % headsPerKv) * fours;
}

// Loads rows from `first` on into `numbers`: turned, scaled, and spread where keys are. Called by all threads of a workgroup.
fn loadQueries(first: u32, kvHead: u32, thread: u32) {
  let last = step.nTokens * headsPerKv - 1u;
  for (var i = thread; i < queryRows * fours; i += threads) {
    let row = min(first + i / fours, last);
    let four = i % fours;
    let at = rowAt(row, kvHead);
    numbers[i] = turned(q[at + four], q[at + partnerOf(four)], four, row / headsPerKv) * scale;
  }
  workgroupBarrier();
  hadamard(thread);
}
