// Weights of a type that has units, four by four, as types of floats have them.
// needs: levels

// Columns 4 * index .. 4 * index + 3, counted through all rows.
fn weights4(index: u32) -> vec4<f32> {
  let columns = unit(index >> 3u);
  let isHigh = (index & 4u) != 0u;
  let word = select(columns.low, columns.high, isHigh)[index & 3u];
  let scale = select(columns.scale.x, columns.scale.y, isHigh);
  let min = select(columns.min.x, columns.min.y, isHigh);
  return scale * levels4(word) + min;
}
