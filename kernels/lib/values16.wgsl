// Levels 0..15 that stand for values which are not evenly spaced: a table of 16 signed bytes, four in each word of `values`.
// Selects pick the word, because a table that is indexed may lie in slow memory.
fn lookedUp(levels: vec4<u32>, values: vec4<u32>) -> vec4<u32> {
  var found = vec4<u32>(0u);
  for (var shift = 0u; shift < 32u; shift += 8u) {
    let level = levels >> vec4<u32>(shift);
    let isOdd = (level & vec4<u32>(4u)) != vec4<u32>(0u);
    let lower = select(vec4<u32>(values.x), vec4<u32>(values.y), isOdd);
    let upper = select(vec4<u32>(values.z), vec4<u32>(values.w), isOdd);
    let word = select(lower, upper, (level & vec4<u32>(8u)) != vec4<u32>(0u));
    let value = (word >> (8u * (level & vec4<u32>(3u)))) & vec4<u32>(255u);
    found |= value << vec4<u32>(shift);
  }
  return found;
}
