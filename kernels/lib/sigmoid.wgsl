// x times the sigmoid of z, x / (1 + e^-z), by t = e^-|z|: it is never above 1, so that no size of z makes it infinite.

fn timesSigmoid(x: f32, z: f32) -> f32 {
  let t = exp(-abs(z));
  return x * select(t, 1.0, z >= 0.0) / (1.0 + t);
}
