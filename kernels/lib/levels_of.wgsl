// The four signed bytes of a word, the lowest first.
fn levelsOf(word: u32) -> vec4<f32> {
  let atTop = vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u);
  return vec4<f32>(bitcast<vec4<i32>>(atTop) >> vec4<u32>(24u));
}
