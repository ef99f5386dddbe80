// WGSL may assume that no number is NaN or infinite, so `x != x` may be taken for false. The bits of the exponent tell.

fn isFinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// A sum that is too large must not make a row of zeros: it makes NaN.
fn held(sum: f32) -> f32 {
  return bitcast<f32>(select(0x7fc00000u, bitcast<u32>(sum), isFinite(sum)));
}
