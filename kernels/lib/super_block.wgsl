// The first 16 bytes of a block of q4_k and q5_k: 8 groups of 32 columns have a scale and a min of 6 bits, in units of two halves.
//
//     word x   | scale unit f16 | min unit f16 |
//
//     bits       7 6                     5 4 3 2 1 0
//     y, byte j  scale j + 4, bits 5 4 | scale j        j = 0..3
//     z, byte j  min j + 4, bits 5 4   | min j
//     bits       7 6 5 4                3 2 1 0
//     w, byte j  min j + 4, bits 3 2 1 0 | scale j + 4, bits 3 2 1 0
// needs: halves

// Scale and min of a group, as floats: weight = scale * level - min.
fn superBlock(head: vec4<u32>, group: u32) -> vec2<f32> {
  let shift = 8u * (group & 3u);
  let first = (head.yz >> vec2<u32>(shift)) & vec2<u32>(63u);
  let low = (vec2<u32>(head.w) >> vec2<u32>(shift, shift + 4u)) & vec2<u32>(15u);
  let high = (head.yz >> vec2<u32>(shift + 6u)) & vec2<u32>(3u);
  return halves(head.x) * vec2<f32>(select(low | (high << vec2<u32>(4u)), first, group < 4u));
}
