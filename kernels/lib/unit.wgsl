// A unit: 32 columns of one row of a weight matrix, as integer levels.
//
//     column   0  1  2  3   4  5  6  7   8  9 10 11  12 13 14 15   16 …      31
//             |   low.x   |   low.y   |   low.z   |   low.w   |   high, in the same way |
//
// Four signed bytes make a word; the lowest byte is the first column. weight = scale * level + min.
struct Unit {
  low: vec4<u32>, // levels of columns 0..15
  high: vec4<u32>, // levels of columns 16..31
  scale: vec2<f32>, // .x for columns 0..15, .y for columns 16..31
  min: vec2<f32>,
}

// The field that begins at bit `shift` of each byte; mask: 1, 3 or 15, for its width.
fn fields(words: vec4<u32>, shift: u32, mask: u32) -> vec4<u32> {
  return (words >> vec4<u32>(shift)) & vec4<u32>(mask * 0x01010101u);
}
