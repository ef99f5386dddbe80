// cap * tanh(x / cap): within ±cap, small numbers nearly as they are.

// Below 1 a quotient of polynomials (Lambert's continued fraction, cut off), good to 6e-8: a difference from 1 would leave few bits of small
// numbers. Beyond it (1 - t) / (1 + t) with t = e^-2|z|, which is at most 0.14.
fn tanhOf(z: f32) -> f32 {
  let size = abs(z);
  if (size < 1.0) {
    let s = z * z;
    return z * (945.0 + s * (105.0 + s)) / (945.0 + s * (420.0 + s * 15.0));
  }
  let t = exp(-2.0 * size);
  return select(1.0, -1.0, z < 0.0) * (1.0 - t) / (1.0 + t);
}

fn capped(x: f32, cap: f32) -> f32 {
  return cap * tanhOf(x / cap);
}
