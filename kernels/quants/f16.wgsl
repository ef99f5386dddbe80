// f16: halves as they lie in the file; a row is padded with zeros to a multiple of 32 columns.
//
//     weightPlane   | column 0 f16 | column 1 | column 2 | column 3 | …     8 bytes an index
//
// needs: halves
@group(1) @binding(0) var<storage, read> weightPlane: array<vec2<u32>>;

// Columns 4 * index .. 4 * index + 3, counted through all rows.
fn weights4(index: u32) -> vec4<f32> {
  let words = weightPlane[index];
  return vec4<f32>(halves(words.x), halves(words.y));
}
