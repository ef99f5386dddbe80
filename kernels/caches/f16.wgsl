// Keys and values as halves: [nPositions, kvDim], row after row, as in a saved session.
//
//     word    31 … 16              15 … 0
//             number 2 i + 1       number 2 i

@group(0) @binding(3) var<storage, read> keys: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> values: array<vec2<u32>>;

// Halves below 2^-14 may become zero.
fn fourHalves(words: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

// Numbers 4 * index … 4 * index + 3.
fn keys4(index: u32) -> vec4<f32> {
  return fourHalves(keys[index]);
}

fn values4(index: u32) -> vec4<f32> {
  return fourHalves(values[index]);
}
