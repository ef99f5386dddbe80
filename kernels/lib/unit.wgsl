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

const BYTE_LOW_NIBBLE = 0x0f0f0f0fu;

// The low four bits of each byte.
fn low_nibbles(words: vec4<u32>) -> vec4<u32> {
  return words & vec4<u32>(BYTE_LOW_NIBBLE);
}

// The high four bits of each byte.
fn high_nibbles(words: vec4<u32>) -> vec4<u32> {
  return (words >> vec4<u32>(4u)) & vec4<u32>(BYTE_LOW_NIBBLE);
}
