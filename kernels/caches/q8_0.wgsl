// Keys and values as levels -127 … 127, 32 columns with a scale: number = scale * level. Scales are f32 that halves hold, too, and lie
// behind all levels:
//
//     | levels [nPositions, kvDim], four in a word | scales [nPositions, kvDim / 32] |
//
// Heads are spread (kernels/lib/hadamard.wgsl).
// needs: cache_row, levels

@group(0) @binding(3) var<storage, read> keys: array<u32>;
@group(0) @binding(4) var<storage, read> values: array<u32>;

// The word of the scale of four numbers.
fn scaleAt(index: u32) -> u32 {
  return nPositions * (kvDim / 4u) + index / 8u;
}

// Numbers 4 * index … 4 * index + 3.
fn keys4(index: u32) -> vec4<f32> {
  return bitcast<f32>(keys[scaleAt(index)]) * levels4(keys[index]);
}

fn values4(index: u32) -> vec4<f32> {
  return bitcast<f32>(values[scaleAt(index)]) * levels4(values[index]);
}
