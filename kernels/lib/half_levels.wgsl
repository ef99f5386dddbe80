// Levels as halves, which hold them exactly.

enable f16;

// The four signed bytes of a word, the lowest first.
fn halfLevels4(word: u32) -> vec4<f16> {
  return vec4<f16>((vec4<i32>(i32(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}
