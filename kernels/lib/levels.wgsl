// Levels as floats.

// The four signed bytes of a word, the lowest first.
fn levels4(word: u32) -> vec4<f32> {
  return vec4<f32>((vec4<i32>(i32(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}
