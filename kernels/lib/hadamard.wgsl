// Spreads the columns of heads over each other, as src/ops/hadamard.ts does: every `spread` numbers are multiplied by an orthonormal
// Hadamard matrix, by sums and differences of numbers 1, 2, 4 … apart. The matrix is its own inverse.

// Columns that are spread over each other, a power of two from 32 on; 0: none.
override spread: u32;
// 1 / sqrt(spread)
override spreadFactor: f32;
// Numbers that a workgroup spreads at a time, in fours.
override nFours: u32;

var<workgroup> numbers: array<vec4<f32>, nFours>;

// Sums and differences of numbers 1, then 2 apart.
fn spreadFour(x: vec4<f32>) -> vec4<f32> {
  let y = vec4<f32>(x.x + x.y, x.x - x.y, x.z + x.w, x.z - x.w);
  return vec4<f32>(y.xy + y.zw, y.xy - y.zw);
}

// Called by all threads of a workgroup that have written `numbers`; they can be read behind it.
fn hadamard(thread: u32) {
  if (spread == 0u) {
    return;
  }
  for (var i = thread; i < nFours; i += threads) {
    numbers[i] *= spreadFactor;
  }
  workgroupBarrier(); // also so that no compiler rounds products and sums at once, unlike other backends
  for (var i = thread; i < nFours; i += threads) {
    numbers[i] = spreadFour(numbers[i]);
  }
  workgroupBarrier();
  for (var apart = 1u; apart < spread / 4u; apart *= 2u) {
    for (var pair = thread; pair < nFours / 2u; pair += threads) {
      let i = pair / apart * (2u * apart) + pair % apart;
      let sum = numbers[i] + numbers[i + apart];
      numbers[i + apart] = numbers[i] - numbers[i + apart];
      numbers[i] = sum;
    }
    workgroupBarrier();
  }
}
