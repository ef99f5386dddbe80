// Four signed bytes of a word, the lowest first.

fn fourBytes(numbers: vec4<i32>) -> u32 {
  let bytes = (vec4<u32>(numbers) & vec4<u32>(255u)) << vec4<u32>(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}
