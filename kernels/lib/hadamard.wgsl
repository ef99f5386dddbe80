// Spreads the columns of heads over each other, as src/ops/hadamard.ts does: every `spread` numbers are multiplied by an orthonormal
// Hadamard matrix, by sums and differences of numbers 1, 2, 4 … apart. The matrix is its own inverse.

// Columns that are spread over each other, a power of two; 0: none.
override spread: u32;
// 1 / sqrt(spread)
override spreadFactor: f32;
// Numbers that a workgroup spreads at a time.
override nSpread: u32;

var<workgroup> numbers: array<f32, nSpread>;

// Called by all threads of a workgroup, with `numbers` written; they can be read behind it.
fn hadamard(thread: u32) {
  for (var i = thread; spread > 0u && i < nSpread; i += threads) {
    numbers[i] *= spreadFactor;
  }
  workgroupBarrier();
  for (var apart = 1u; apart < spread; apart *= 2u) {
    for (var pair = thread; pair < nSpread / 2u; pair += threads) {
      let i = pair / apart * (2u * apart) + pair % apart;
      let sum = numbers[i] + numbers[i + apart];
      numbers[i + apart] = numbers[i] - numbers[i + apart];
      numbers[i] = sum;
    }
    workgroupBarrier();
  }
}
