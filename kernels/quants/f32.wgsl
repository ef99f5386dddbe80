// f32: floats as they lie in the file; a row is padded with zeros to a multiple of 32 columns.
//
//     weightPlane   | 4 columns, 4 f32 | 4 columns | …
@group(1) @binding(0) var<storage, read> weightPlane: array<vec4<f32>>;

// Columns 4 * index .. 4 * index + 3, counted through all rows.
fn weights4(index: u32) -> vec4<f32> {
  return weightPlane[index];
}
