/**
 * Multiplies every `spanBytes` of the numbers at `x` by the orthonormal Hadamard matrix of their size, in place and to the bit as
 * src/ops/hadamard.ts does: scales, then takes sums and differences of numbers that stand 1, 2, 4 … apart.
 */
export function hadamard(x: usize, bytes: u32, spanBytes: u32): void {
  const end = x + bytes;
  const scale = f32x4.splat(<f32>(1.0 / sqrt<f64>(<f64>(spanBytes >> 2))));
  const odd = i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE); // signs of a pair's second number
  const high = i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE);
  for (let i = x; i < end; i += 16) {
    let a = f32x4.mul(v128.load(i), scale);
    a = f32x4.add(v128.shuffle<f32>(a, a, 1, 0, 3, 2), v128.xor(a, odd));
    a = f32x4.add(v128.shuffle<f32>(a, a, 2, 3, 0, 1), v128.xor(a, high));
    v128.store(i, a);
  }
  for (let apart: u32 = 16; apart < spanBytes; apart <<= 1) {
    for (let first = x; first < end; first += 2 * apart) {
      for (let i = first; i < first + apart; i += 16) {
        const a = v128.load(i);
        const b = v128.load(i + apart);
        v128.store(i, f32x4.add(a, b));
        v128.store(i + apart, f32x4.sub(a, b));
      }
    }
  }
}
