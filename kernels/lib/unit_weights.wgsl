// Weights of a type that has units, four by four, as types of floats have them.

// Columns 4 * index .. 4 * index + 3, counted through all rows.
fn weights4(index: u32) -> vec4<f32> {
  let columns = unit(index >> 3u);
  let isHigh = (index & 4u) != 0u;
  let word = select(columns.low, columns.high, isHigh)[index & 3u];
  let levels = (vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
  let scale = select(columns.scale.x, columns.scale.y, isHigh);
  let min = select(columns.min.x, columns.min.y, isHigh);
  return scale * vec4<f32>(levels) + min;
}
