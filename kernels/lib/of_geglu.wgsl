// Activations that are made on the way, as geglu makes them: gelu(gate) * up, all [n, cols].
// needs: shape, gelu

@group(0) @binding(2) var<storage, read> gate: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> up: array<vec4<f32>>;

override threads: u32;

fn prepare(row: u32, thread: u32) {}

// Columns 4 * word … of a row.
fn numbers4(row: u32, word: u32) -> vec4<f32> {
  let i = row * (shape.cols / 4u) + word;
  let numbers = gate[i];
  return vec4<f32>(geluOf(numbers.x), geluOf(numbers.y), geluOf(numbers.z), geluOf(numbers.w)) * up[i];
}
