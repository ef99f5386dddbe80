// ln(1 + e^x) = max(0, x) + ln(1 + y) with y = e^-|x|, which keeps its digits where y is small.

fn softplus(x: f32) -> f32 {
  let y = exp(-abs(x));
  let small = y * (1.0 - y * (0.5 - y * (1.0 / 3.0 - y * 0.25)));
  return max(x, 0.0) + select(log(1.0 + y), small, y < 0.02);
}
