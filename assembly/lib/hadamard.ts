/**
 * Multiplies every `spanBytes` of the numbers at `x` by the orthonormal Hadamard matrix of their size, in place and to the bit as
 * src/ops/hadamard.ts does: scales, then takes sums and differences of numbers that stand 1, 2, 4 … apart. Spans are powers of two, of
 * at least 16 numbers.
 */
export function hadamard(x: usize, bytes: u32, spanBytes: u32): void {
  const end = x + bytes;
  const scale = f32x4.splat(<f32>(1.0 / sqrt<f64>(<f64>(spanBytes >> 2))));
  for (let i = x; i < end; i += 16) v128.store(i, ofLanes(f32x4.mul(v128.load(i), scale)));
  let apart: u32 = 16;
  for (; apart << 2 <= spanBytes; apart <<= 2) {
    for (let first = x; first < end; first += apart << 2) {
      for (let i = first; i < first + apart; i += 16) ofFour(i, apart);
    }
  }
  if (apart == spanBytes) return;
  for (let first = x; first < end; first += apart << 1) {
    for (let i = first; i < first + apart; i += 16) ofTwo(i, apart);
  }
}

/** Lanes 1 and 2 apart. */
function ofLanes(a: v128): v128 {
  a = f32x4.add(v128.shuffle<f32>(a, a, 1, 0, 3, 2), v128.xor(a, i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE)));
  return f32x4.add(v128.shuffle<f32>(a, a, 2, 3, 0, 1), v128.xor(a, i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE)));
}

/** Four vectors `apart` bytes apart: two steps at once, for half of the loads and stores. */
function ofFour(i: usize, apart: u32): void {
  const a = v128.load(i);
  const b = v128.load(i + apart);
  const c = v128.load(i + 2 * apart);
  const d = v128.load(i + 3 * apart);
  const ab = f32x4.add(a, b);
  const cd = f32x4.add(c, d);
  const minusAB = f32x4.sub(a, b);
  const minusCD = f32x4.sub(c, d);
  v128.store(i, f32x4.add(ab, cd));
  v128.store(i + apart, f32x4.add(minusAB, minusCD));
  v128.store(i + 2 * apart, f32x4.sub(ab, cd));
  v128.store(i + 3 * apart, f32x4.sub(minusAB, minusCD));
}

function ofTwo(i: usize, apart: u32): void {
  const a = v128.load(i);
  const b = v128.load(i + apart);
  v128.store(i, f32x4.add(a, b));
  v128.store(i + apart, f32x4.sub(a, b));
}
