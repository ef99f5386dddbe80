// levels16: whole numbers of 16 bits, which adapters have while they are in memory; a row is padded with zeros to a multiple of 32 columns.
//
//     weightPlane   | column 0 i16 | column 1 | column 2 | column 3 | …     8 bytes an index
@group(1) @binding(0) var<storage, read> weightPlane: array<vec2<u32>>;

// Columns 4 * index .. 4 * index + 3, counted through all rows.
fn weights4(index: u32) -> vec4<f32> {
  let words = weightPlane[index];
  return vec4<f32>(bitcast<vec4<i32>>(vec4<u32>(words.x << 16u, words.x, words.y << 16u, words.y)) >> vec4<u32>(16u));
}
