// Keys and values as they were computed: [nPositions, kvDim], row after row, as in a saved session.

@group(0) @binding(3) var<storage, read> keys: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> values: array<vec4<f32>>;

// Numbers 4 * index … 4 * index + 3.
fn keys4(index: u32) -> vec4<f32> {
  return keys[index];
}

fn values4(index: u32) -> vec4<f32> {
  return values[index];
}
